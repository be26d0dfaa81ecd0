// What a Host has of a simulated compute service, in whatever thread or process that runs.

import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import type { Holder } from '../service-process/messages.js'

/** The way of one actor thread to the service. */
export interface SimulatedThreadLink {
  readonly module: string
  readonly options: unknown
  readonly transfer: MessagePort[]
  /** The thread is gone: handles of this client that no living thread has close, except for those named by token. */
  readonly reap?: (keep: readonly string[]) => void
}

/** One Host at a service. */
export interface SimulatedClient {
  /** The provider module for one more actor thread, with what must be transferred to it. */
  link(): SimulatedThreadLink
  /** Makes a stream of this thread known to the service, which can take it once; `release` gives it up before that. `ended`: it is its owner's again. */
  relaySocket(stream: Duplex): { socket: bigint; release: () => void; ended: Promise<void> }
  /**
   * Claims the guest connection of a VM; resolves with who holds it when somebody else does. Absent where nobody else can. `control`: where
   * this program answers.
   */
  claim?: (runtimeId: string, control?: string) => Promise<Holder | undefined>
  release?: (runtimeId: string) => Promise<void>
  /** Closes every handle of this client; from `force` on without waiting for the service. */
  leave(force?: Promise<unknown>): Promise<void>
}
