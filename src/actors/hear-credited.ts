// The main thread's side of an actor's outbox: hears what is told under credit, and gives the credit back once it was heard.

import { fromWireError, type WireError } from '../errors-wire.js'
import type { CallSubject } from './mailbox/contract.js'

/** An actor with an outbox. */
export interface CreditedRequests {
  /** One notice of the outbox was heard. */
  noticeTaken: { input: Record<string, never>; output: undefined }
}

/** The arguments of a notice that comes from an outbox: the item, and how many were dropped before it. */
export type Credited<T> = [item: T, dropped?: number]

/** A mailbox, as far as an outbox is concerned. */
interface CreditedMailbox<N extends string, T> {
  call(method: 'noticeTaken', input: Record<string, never>, subject: CallSubject): Promise<undefined>
  onNotice(notice: N, listener: (...args: Credited<T>) => void): void
}

/** `hear`: with how many were dropped between the one before and this. */
export function hearCredited<N extends string, T>(
  mailbox: CreditedMailbox<N, T>,
  notice: N,
  subject: CallSubject,
  hear: (item: T, dropped: number) => void,
): void {
  mailbox.onNotice(notice, (item, dropped = 0) => {
    hear(item, dropped)
    // A mailbox that is over has nobody to give it back to.
    mailbox.call('noticeTaken', {}, subject).catch(() => undefined)
  })
}

/** The warnings of a guest. */
export function hearWarnings(
  mailbox: CreditedMailbox<'warning', WireError>,
  id: string,
  hear: (error: Error, dropped: number) => void,
): void {
  const subject = { op: 'guest.warning', id }
  hearCredited(mailbox, 'warning', subject, (record: WireError, dropped) => hear(fromWireError(record), dropped))
}
