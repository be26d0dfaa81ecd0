// What an actor is given by the thread it runs in. Tests give fakes; the thread's entry gives the real ones.

import type { Clock } from '../native/clock.js'
import type { HcsProvider } from '../native/hcs.js'
import type { HvSocketTransport } from '../native/hvsocket.js'

/** A bounded number of slots shared by all threads of a Host, handed out fairly between VMs. */
export interface Slots {
  /**
   * Resolves with a release function once a slot is free; releasing twice is harmless. `owner` is the VM id: waiting VMs take turns.
   * `onCancel` of the handle ends the waiting: the promise then resolves with undefined.
   */
  acquire(owner: string): SlotRequest
  /** How often a slot was given back, by whomever: while this grows, waiting is not in vain. */
  readonly releases: number
}

export interface SlotRequest {
  readonly granted: Promise<(() => void) | undefined>
  /** Ends the waiting. A slot that was granted at the same moment is given back. */
  cancel(): void
}

/** The same for boots: a slot may be kept for its VM until the guest is there. */
export interface BootSlots extends Slots {
  /** The slots of one VM's starts. `runtimeId`: of the VM, or undefined once there is nothing to wait for. */
  ofVM(runtimeId: () => string | undefined): Slots
  /** A boot is over: the guest is connected, or its connection or the start has failed, or the VM has exited. */
  end(runtimeId: string): void
  /** There is a Guest that will connect. The returned function: there is none any more. */
  expect(runtimeId: string): () => void
}

/** Counts of what one thread holds open; `Host.stats()` adds them up. */
export interface Gauges {
  handles: number
  operations: number
  sockets: number
  queued: number
  /** Calls of the service, and changes inside guests, that their callers gave up and that have no answer yet. */
  abandoned: number
}

/** What actors do to the files of this system. */
export interface Files {
  /** The path of a file in a directory, which is made when it is not there. */
  pathIn(directory: string, file: string): Promise<string>
  /** Writes a file that this user alone may read. */
  write(path: string, content: Uint8Array): Promise<void>
}

/** All that an actor has from outside. What differs from run to run is here and nowhere else. */
export interface ActorEnvironment {
  readonly provider: HcsProvider
  readonly transport: HvSocketTransport
  readonly clock: Clock
  /** Bytes that nobody can foretell. */
  readonly randomBytes: (count: number) => Uint8Array
  readonly files: Files
  /** HCS operations at once (`limits.operations`). */
  readonly operations: Slots
  /** VMs that boot at once (`limits.boots`). */
  readonly boots: BootSlots
  readonly gauges: Gauges
}

/** A living actor. `stop` releases everything; `ended` resolves after that. */
export interface Actor {
  readonly ended: Promise<void>
  stop(): Promise<void>
}
