// What a guest remembers: every part of it keeps its state in slots here, and nowhere else, so that all of it is saved with the machine and
// comes back with it, whatever a part has added.

/** A named place for plain data; Maps and Sets are kept as such. */
export interface Slot<T> {
  readonly name: string
  readonly initial: () => T
}

/** `name` is that of the saved state: one slot each. */
export function slot<T>(name: string, initial: () => T): Slot<T> {
  return { name, initial }
}

export class GuestMemory {
  readonly #slots = new Map<string, Slot<unknown>>()
  readonly #values = new Map<string, unknown>()
  /** Of the machine that moved here; taken up when its part first looks. */
  #saved: Readonly<Record<string, unknown>> = {}

  recall<T>(slot: Slot<T>): T {
    const known = this.#slots.get(slot.name)
    if (known === undefined) {
      this.#slots.set(slot.name, slot as Slot<unknown>)
      this.#values.set(slot.name, this.#first(slot))
    } else if (known !== slot) throw new Error(`two parts of the guest keep their state as ${slot.name}`)
    return this.#values.get(slot.name) as T
  }

  /** What was saved, when it is of the kind that is kept here. */
  #first<T>(slot: Slot<T>): T {
    const initial = slot.initial()
    const saved = Object.hasOwn(this.#saved, slot.name) ? this.#saved[slot.name] : undefined
    return saved !== undefined && (initial === undefined || kindOf(saved) === kindOf(initial)) ? (saved as T) : initial
  }

  remember<T>(slot: Slot<T>, value: T): void {
    this.recall(slot)
    this.#values.set(slot.name, value)
  }

  /** As plain data; what nobody has looked at since it came is passed on. */
  capture(): Record<string, unknown> {
    return { ...this.#saved, ...Object.fromEntries(this.#values) }
  }

  /** Takes a copy; what a part has already is replaced. @throws {Error} no plain data */
  restore(saved: Readonly<Record<string, unknown>>): void {
    this.#saved = structuredClone(saved)
    for (const slot of this.#slots.values()) this.#values.set(slot.name, this.#first(slot))
  }
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : typeof value
}
