// What joins a UtilityVM to its Host: the mailbox of its actor, and what the Host must hear of.

import type { Duplex } from 'node:stream'
import type { Mailbox } from '../mailbox/contract.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import type { VmAttached, VmNotices, VmRequests } from './contract.js'
import type { ExitStatus } from './managers/index.js'

export interface VmWiring {
  readonly id: string
  readonly guestOS: GuestOS
  readonly attached: VmAttached
  readonly mailbox: Mailbox<VmRequests, VmNotices>
  readonly hooks: VmHooks
  /** Makes a stream of this thread known to the compute service, for a migration. Absent: the service takes socket handles only. */
  readonly relaySocket?: ((stream: Duplex) => RelayedSocket) | undefined
}

/** A stream that is being relayed to the compute service. */
export interface RelayedSocket {
  /** The number under which the service knows it. */
  readonly socket: bigint
  /** Gives it up, unless the service has taken it. */
  release(): void
  /** Resolves when the stream is its owner's again, given up or let go of by the service. Absent where nobody relays. */
  readonly ended?: Promise<void>
}

/** Called synchronously by the UtilityVM; must not throw. */
export interface VmHooks {
  /** What came faster than it was taken, and was not told. */
  dropped?(what: string, count: number): void
  /** A start is asked for, by whatever means. */
  starting?(): void
  /** Once, after the exit was recorded and before 'exit' is emitted: the Host ends the VM's guest connection here. */
  exited(exit: ExitStatus, cause: Error): void
  /** Once, when the handle begins to close: the Host ends the VM's guest connection here. */
  closing(): Promise<void> | undefined
  /** Once, when the handle has been released (or the actor was lost for good): the actor may be stopped. */
  closed(): unknown
}
