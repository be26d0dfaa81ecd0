// How many UVM-level changes a guest works on at once. Pure: tickets in, effects out; modify-turns.ts performs them.
//
// They start in call order; one that is slow holds only its own place. The guest goes on with a change that its caller gave up: such a one
// gives its place back, so that a few that never end do not stop all others. Only so many do, for a guest may be given up on again and
// again, and none does where the caller wants one change at a time.

/** Most changes of one guest that were given up, go on in it, and hold no place. */
export const MAX_LOOSE_CHANGES = 64

/** These changes may be sent now. */
export type GateEffect = { do: 'send'; ticket: number }

/** Where a change stands that has no place yet. */
export interface GatePlace {
  /** Label of the change that has held its place longest. */
  behind: string
  /** Others that come before it. */
  between: number
}

interface Change {
  readonly ticket: number
  readonly op: string
}

export class ModifyGate {
  readonly #limit: number
  readonly #waiting: Change[] = []
  /** With a place, oldest first; true for those that were given up. */
  readonly #placed = new Map<number, { op: string; isAbandoned: boolean }>()
  /** Given up, without a place. */
  readonly #loose = new Set<number>()
  /** Of those with a place, so many were given up. */
  #abandonedWithPlace = 0
  #nextTicket = 1

  /** `limit`: how many changes may be under way at once. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Changes that were given up and go on in the guest. */
  get abandoned(): number {
    return this.#loose.size + this.#abandonedWithPlace
  }

  /** Takes a change. `op` is its label. */
  submit(op: string): { ticket: number; effects: GateEffect[] } {
    const ticket = this.#nextTicket++
    this.#waiting.push({ ticket, op })
    return { ticket, effects: this.#advance() }
  }

  /** Its caller gave up. `wasWaiting`: it is gone, and was never sent. */
  abandon(ticket: number): { wasWaiting: boolean; effects: GateEffect[] } {
    const index = this.#waiting.findIndex((change) => change.ticket === ticket)
    if (index !== -1) {
      this.#waiting.splice(index, 1)
      return { wasWaiting: true, effects: [] }
    }
    const change = this.#placed.get(ticket)
    if (change?.isAbandoned === false) {
      change.isAbandoned = true
      this.#abandonedWithPlace++
    }
    return { wasWaiting: false, effects: this.#advance() }
  }

  /** The guest has answered, or nobody expects that any more. */
  ended(ticket: number): GateEffect[] {
    if (this.#placed.get(ticket)?.isAbandoned === true) this.#abandonedWithPlace--
    this.#placed.delete(ticket)
    this.#loose.delete(ticket)
    return this.#advance()
  }

  /** Undefined once it has a place, or is gone. */
  place(ticket: number): GatePlace | undefined {
    const index = this.#waiting.findIndex((change) => change.ticket === ticket)
    const [first] = this.#placed.values()
    if (index === -1 || first === undefined) return undefined
    return { behind: first.op, between: this.#placed.size - 1 + index }
  }

  #advance(): GateEffect[] {
    this.#loosen()
    const effects: GateEffect[] = []
    while (this.#placed.size < this.#limit) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      this.#placed.set(next.ticket, { op: next.op, isAbandoned: false })
      effects.push({ do: 'send', ticket: next.ticket })
    }
    return effects
  }

  /** Those that were given up give their places back, the oldest first. */
  #loosen(): void {
    if (this.#limit <= 1 || this.#abandonedWithPlace === 0) return
    for (const [ticket, { isAbandoned }] of this.#placed) {
      if (this.#loose.size >= MAX_LOOSE_CHANGES) return
      if (!isAbandoned) continue
      this.#placed.delete(ticket)
      this.#abandonedWithPlace--
      this.#loose.add(ticket)
    }
  }
}
