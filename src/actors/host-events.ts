// What a Host tells.

import type { EventNames } from './events.js'
import type { ExitStatus } from './vm/managers/index.js'

export interface HostEvents {
  /** A VM has ended; once per VM, however many handles this Host has on it. */
  'vm-exited': [id: string, exit: ExitStatus]
  /** A Guest was made, here or by `recover`; what it tells comes later. */
  'guest-created': [id: string]
  /** A guest connection ended; no error when it was closed on purpose. */
  'guest-disconnected': [id: string, error?: Error]
  /** A guest connection that was lost is there again. */
  'guest-reconnected': [id: string]
  /** An actor thread died; what was in flight on it rejects with ActorLostError. The VMs run on, and their actors are started again. */
  'thread-lost': [threadId: number, cause: Error, vmIds: string[]]
  /** An actor thread does not answer (`watchdog`). */
  'thread-stuck': [threadId: number, vmIds: string[]]
  /** A lost actor is there again: new calls work. */
  'actor-restarted': [kind: 'vm' | 'guest', id: string, cause: Error]
  /** A lost actor could not be started again, or was lost too often: calls on its VM or guest reject from here on. */
  'actor-given-up': [kind: 'vm' | 'guest', id: string, cause: Error]
  /** Nothing failed that was asked for; the journal could not be written, or was damaged. */
  warning: [error: Error]
  /** What came faster than it was taken and was not told: 'log' entries, a guest's 'warning' or a VM's 'crash-report' events, the oldest. */
  dropped: [what: string, count: number]
  /** What `close` could not end in order within closeTimeoutMs. */
  'close-forced': [what: string[]]
}

export const HOST_EVENTS: EventNames<HostEvents> = {
  'vm-exited': true,
  'guest-created': true,
  'guest-disconnected': true,
  'thread-lost': true,
  warning: true,
  'close-forced': true,
  'actor-restarted': true,
  'actor-given-up': true,
  'thread-stuck': true,
  'guest-reconnected': true,
  dropped: true,
}
