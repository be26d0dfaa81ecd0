// The lifecycle of one compute system, and how it ended.

import type { HcsError } from '../../../errors.js'
import type { ExitType } from '../../../protocol/exit.js'
import type { GuestOS } from '../../../protocol/guest-os.js'
import type { Properties, PropertyQuery, PropertyType, SaveOptions } from '../../../protocol/schema/index.js'
import type { CallOptions } from '../../mailbox/contract.js'

export interface ExitStatus {
  /** HRESULT of the exit, unsigned; 0 after a guest-initiated power-off. */
  status: number
  /** 'Unknown' when the compute service did not say. */
  exitType: ExitType
  /** Who ended it and how (schema 2.4 and later). */
  attribution?: unknown[]
  /** For UnexpectedExit only: HRESULT 0xC0370106. */
  error?: HcsError
}

/** Lifecycle of one compute system. The library does not prejudge the VM's state: HCS refuses, with an HcsError. */
export interface LifetimeManager {
  readonly id: string
  /** Hyper-V VM GUID, lower case, no braces. */
  readonly runtimeId: string
  readonly guestOS: GuestOS
  /** Powers the VM on. Default time-out 4 minutes from when the call leaves the VM's queue. */
  start(options?: CallOptions): Promise<void>
  /**
   * Ends the VM now; resolves when it has exited. Overtakes the queue, which rejects. Resolves on a VM that is closed or has exited.
   * Default time-out 4 minutes; calls that share one termination each have their own time, and after a time-out the VM is asked again.
   */
  terminate(options?: CallOptions): Promise<void>
  /** Asks the guest to shut down; resolves when the request was delivered. The exit comes as an event, or never. */
  shutdown(options?: CallOptions): Promise<void>
  /**
   * Releases the handle. The VM goes with its last handle if its document says ShouldTerminateOnLastHandleClosed. Idempotent.
   * After a terminate it waits for the exit, or for the terminate's time, which then resolves too.
   */
  close(options?: CallOptions): Promise<void>
  pause(options?: CallOptions): Promise<void>
  resume(options?: CallOptions): Promise<void>
  /** The VM must be paused. Saving to a file leaves it so; saving as a template leaves something that only terminate and close take. */
  save(options: SaveOptions, callOptions?: CallOptions): Promise<void>
  /** The exit, the same however often and late it is asked. */
  wait(options?: CallOptions): Promise<ExitStatus>
  /** An empty list asks for the basic properties. */
  propertiesV2(types: PropertyType[], options?: CallOptions): Promise<Properties>
  propertiesV3(query: PropertyQuery, options?: CallOptions): Promise<Properties>
  startedTime(): Promise<Date | undefined>
  stoppedTime(): Promise<Date | undefined>
  /** The error of an unexpected exit. @throws {InvalidStateError} the VM has not exited. */
  exitError(): Promise<Error | undefined>
}
