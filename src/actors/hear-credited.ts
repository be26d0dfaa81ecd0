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

export function hearCredited<N extends string, T>(
  mailbox: CreditedMailbox<N, T>,
  notice: N,
  subject: CallSubject,
  hear: (item: T) => void,
  dropped: (count: number) => void,
): void {
  mailbox.onNotice(notice, (item, lost = 0) => {
    if (lost > 0) dropped(lost)
    hear(item)
    // A mailbox that is over has nobody to give it back to.
    mailbox.call('noticeTaken', {}, subject).catch(() => undefined)
  })
}

/** Who hears the warnings of a guest. */
export interface WarningHearer {
  warn(error: Error): void
  /** So many came faster than they were taken, and are lost; called before the next one. */
  warningsDropped(count: number): void
}

export function hearWarnings(
  mailbox: CreditedMailbox<'warning', WireError>,
  id: string,
  { warn, warningsDropped }: WarningHearer,
): void {
  const hear = (record: WireError): void => warn(fromWireError(record))
  hearCredited(mailbox, 'warning', { op: 'guest.warning', id }, hear, warningsDropped)
}
