// What joins a Guest to its Host and VM.

import { BridgeClosedError, GuestConnectionUnavailableError, type UVMError } from '../../errors.js'
import type { CallSubject, Mailbox } from '../mailbox/contract.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import type { Activity } from './activity.js'
import type { ReconnectBounds } from './connection/reconnect.js'
import type { GuestNotices, GuestRequests } from './contract.js'
import type { SavedProcess } from './managers.js'
import type { Survivors } from './survivors.js'

export interface GuestWiring {
  readonly vmId: string
  readonly guestOS: GuestOS
  readonly mailbox: Mailbox<GuestRequests, GuestNotices>
  readonly hooks: GuestHooks
  /** Whether the guest comes back to a new actor, and how long it is waited for. */
  readonly reconnect?: ReconnectBounds | undefined
  /** What is waited for inside; the Guest has one of its own. */
  readonly survivors?: Survivors | undefined
  /** Counts what goes on inside; absent where nobody wants to know. */
  readonly activity?: Activity | undefined
  /** Absent: nothing is written down. */
  readonly journal?: GuestJournal | undefined
}

/** What is written down of a guest for the program that comes after this one. Nothing here rejects. */
export interface GuestJournal {
  connected(): Promise<void>
  processStarted(saved: SavedProcess): Promise<void>
  /** Its exit is known, or nobody wants it any more. */
  processEnded(waitId: bigint): void
  containerOpened(id: string): Promise<void>
  containerEnded(id: string): void
}

/** Called synchronously by the Guest; must not throw. */
export interface GuestHooks {
  /** Nobody has asked for a start of the VM, as far as the Host can know. */
  neverStarted?(): boolean
  /** What came faster than it was taken, and was not told. */
  dropped?(what: string, count: number): void
  /** The connection ended; no error when it was closed on purpose. The Host asks the VM actor to look for an exit. */
  disconnected(error: Error | undefined): void
  /** A lost connection is there again. */
  reconnected(): void
  /** It is about to migrate, or no more. */
  migrating?(on: boolean): Promise<void>
  /** Once: the Guest is closed, its actor has stopped. When what this gives has resolved, a new createGuest is allowed. */
  closed(): unknown
}

/** What a call on a Guest fails with that somebody has closed, whoever it was. */
export function closedOnPurpose(subject: CallSubject, when: 'in-flight' | 'later'): UVMError {
  const ended = new BridgeClosedError({ ...subject, reason: 'it was closed on purpose' })
  return when === 'in-flight' ? ended : new GuestConnectionUnavailableError({ ...subject, cause: ended })
}
