// The host-side manager interfaces. UtilityVM implements them; a caller's code that takes one can be given a fake.

import type { HcsError } from '../../errors.js'
import type { ExitType } from '../../protocol/exit.js'
import type {
  Attachment,
  CpuGroup,
  NetworkAdapter,
  ProcessorLimits,
  Properties,
  PropertyQuery,
  PropertyType,
  SaveOptions,
} from '../../protocol/schema/index.js'
import type { CallOptions } from '../mailbox/contract.js'
import type { GuestOS } from '../../protocol/guest-os.js'

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
  /** Ends the VM now; resolves when it has exited. Overtakes the queue, which rejects. Resolves on a VM that is closed or has exited. */
  terminate(options?: CallOptions): Promise<void>
  /** Asks the guest to shut down; resolves when the request was delivered. The exit comes as an event, or never. */
  shutdown(options?: CallOptions): Promise<void>
  /** Releases the handle. The VM goes with its last handle if its document says ShouldTerminateOnLastHandleClosed. Idempotent. */
  close(options?: CallOptions): Promise<void>
  pause(options?: CallOptions): Promise<void>
  resume(options?: CallOptions): Promise<void>
  /** The VM must be paused; saving to a file leaves it so. */
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

export interface NetworkManager {
  addNIC(nicId: string, settings: NetworkAdapter, options?: CallOptions): Promise<void>
  removeNIC(nicId: string, settings?: NetworkAdapter, options?: CallOptions): Promise<void>
  updateNIC(nicId: string, settings: NetworkAdapter, options?: CallOptions): Promise<void>
}

export interface SCSIManager {
  /** `controller` 0..3, `lun` 0..63; the controller must be in the create document. */
  addSCSIDisk(disk: Attachment, controller: number, lun: number, options?: CallOptions): Promise<void>
  removeSCSIDisk(controller: number, lun: number, options?: CallOptions): Promise<void>
}

export interface ResourceManager {
  /** The null GUID takes the VM out of its group. */
  setCPUGroup(settings: CpuGroup, options?: CallOptions): Promise<void>
  updateCPULimits(settings: ProcessorLimits, options?: CallOptions): Promise<void>
  /** MiB, even. */
  updateMemory(sizeInMB: number, options?: CallOptions): Promise<void>
}
