// The order of one VM's changes. Pure: tickets in, effects out; the actor performs them.
//
// One change is at HCS at a time, in call order. A change that its caller gave up stays in front until it has really ended, because HCS
// goes on with it. `terminate` and `close` overtake: what waits is refused and never sent.

import { InvalidStateError, OverloadedError } from '../../errors.js'

/** What the queue wants done. */
export type QueueEffect =
  | { do: 'send'; ticket: number }
  /** Will never be sent. */
  | { do: 'refuse'; ticket: number; barrier: Barrier }

/** Why nothing is taken: a terminate is under way, or the handle closes or is closed. */
export type Barrier = 'terminating' | 'closed'

/** Where a change stands that has not had its turn. */
export interface Place {
  /** Label of the change that has the turn. */
  behind: string
  /** Others that come before it. */
  between: number
}

interface Change {
  readonly ticket: number
  readonly op: string
  readonly isUntimed: boolean
}

export class ChangeQueue {
  readonly #limit: number
  readonly #waiting: Change[] = []
  #current: Change | undefined
  #barrier: Barrier | undefined
  #nextTicket = 1
  #turns = 0

  /** `limit`: how many changes may wait behind the one that HCS has. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Waiting, without the one at HCS. */
  get waiting(): number {
    return this.#waiting.length
  }

  get barrier(): Barrier | undefined {
    return this.#barrier
  }

  /** How many changes have had their turn: while this grows, waiting is not in vain. Undefined behind one that has no time. */
  get turns(): number | undefined {
    return this.#current?.isUntimed === true ? undefined : this.#turns
  }

  /**
   * Takes a change. `op` is its label; `isUntimed`: it may take as long as it likes.
   *
   * @throws {OverloadedError} too many wait already
   * @throws {InvalidStateError} behind a terminate or a close
   */
  submit(op = '', isUntimed = false): { ticket: number; effects: QueueEffect[] } {
    if (this.#barrier !== undefined) throw barredError(this.#barrier)
    if (this.#current !== undefined && this.#waiting.length >= this.#limit) {
      throw new OverloadedError({ limit: this.#limit, reason: 'too many changes of this VM are waiting' })
    }
    const ticket = this.#nextTicket++
    this.#waiting.push({ ticket, op, isUntimed })
    return { ticket, effects: this.#advance() }
  }

  /** The change has really ended, however. */
  ended(ticket: number): QueueEffect[] {
    if (this.#current?.ticket !== ticket) return []
    this.#current = undefined
    return this.#advance()
  }

  /** Its caller gave up. True when it was still waiting: it is gone, and was never sent. */
  cancel(ticket: number): boolean {
    const index = this.#indexOf(ticket)
    if (index === -1) return false
    this.#waiting.splice(index, 1)
    return true
  }

  /** Undefined once it has had its turn, or is gone. */
  place(ticket: number): Place | undefined {
    const between = this.#indexOf(ticket)
    return between === -1 || this.#current === undefined ? undefined : { behind: this.#current.op, between }
  }

  #indexOf(ticket: number): number {
    return this.#waiting.findIndex((change) => change.ticket === ticket)
  }

  /** Refuses what waits and what comes, until `lift`. A close is for good. */
  raise(barrier: Barrier): QueueEffect[] {
    if (this.#barrier !== 'closed') this.#barrier = barrier
    return this.#waiting.splice(0).map(({ ticket }) => ({ do: 'refuse', ticket, barrier }))
  }

  /** After a terminate: the VM is gone and HCS says so to each call, or it is still there. */
  lift(): void {
    if (this.#barrier === 'terminating') this.#barrier = undefined
  }

  #advance(): QueueEffect[] {
    if (this.#current !== undefined) return []
    const next = this.#waiting.shift()
    if (next === undefined) return []
    this.#current = next
    this.#turns++
    return [{ do: 'send', ticket: next.ticket }]
  }
}

/** The error of a call that this side's own terminate or close refuses. */
export function barredError(
  state: Barrier,
  context: { op?: string | undefined; id?: string | undefined } = {},
): InvalidStateError {
  const reason = state === 'closed' ? 'the VM handle is closed' : 'the VM is being terminated'
  return new InvalidStateError({ op: context.op, id: context.id, state, reason: `${reason}; the call was not sent` })
}
