// A bounded number of slots for all threads of a Host: a shared counter, with a fair queue in each thread.
//
// Within a thread, waiting VMs take turns, so that one VM with many calls cannot starve the others; between threads, whoever sees a
// slot come free takes it.

import type { SlotRequest, Slots } from './environment.js'

/** Positions in the shared memory: slots free now, and a number that changes with every release. */
const FREE = 0
const RELEASES = 1

/** More slots than a cell can count are as good as no limit. */
const MOST_SLOTS = 2 ** 31 - 1

/** Shared memory for `count` slots; undefined for no limit. */
export function slotMemory(count: number): SharedArrayBuffer | undefined {
  if (count > MOST_SLOTS) return undefined
  const memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
  new Int32Array(memory)[FREE] = count
  return memory
}

/** One thread's part in the slots: what it holds is known to whoever survives it. */
export interface SlotLease {
  readonly slots: SharedArrayBuffer
  readonly held: SharedArrayBuffer
}

/** For one more thread; undefined for no limit. */
export function leaseSlots(slots: SharedArrayBuffer | undefined): SlotLease | undefined {
  return slots && { slots, held: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) }
}

export function freeSlots({ slots }: Pick<SlotLease, 'slots'>): number {
  return Atomics.load(new Int32Array(slots), FREE)
}

/** Gives back what a thread still held when it died. Nothing of that thread may run any more. */
export function reclaimSlots(lease: SlotLease | undefined): void {
  if (lease === undefined) return
  giveBack(new Int32Array(lease.slots), Atomics.exchange(new Int32Array(lease.held), 0, 0))
}

function giveBack(cells: Int32Array, count: number): void {
  if (count <= 0) return
  Atomics.add(cells, FREE, count)
  Atomics.add(cells, RELEASES, 1)
  Atomics.notify(cells, RELEASES)
}

/** Calls `again`, later, once the cell at `index` no longer has the value that was seen. */
export type SlotWatch = (cells: Int32Array<SharedArrayBuffer>, index: number, seen: number, again: () => void) => void

const watchMemory: SlotWatch = (cells, index, seen, again) => {
  const change = Atomics.waitAsync(cells, index, seen)
  if (change.async) void change.value.then(again)
  else queueMicrotask(again)
}

interface Waiter {
  readonly owner: string
  readonly grant: (release: (() => void) | undefined) => void
}

export class SharedSlots implements Slots {
  readonly #cells: Int32Array<SharedArrayBuffer> | undefined
  readonly #watchCells: SlotWatch
  readonly #held: Int32Array
  /** By owner, in the order of their turns. */
  readonly #waiting = new Map<string, Waiter[]>()
  #watching = false

  constructor(lease: SlotLease | undefined, watchCells: SlotWatch = watchMemory) {
    this.#watchCells = watchCells
    this.#cells = lease === undefined ? undefined : new Int32Array(lease.slots)
    this.#held = new Int32Array(lease?.held ?? new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  }

  get releases(): number {
    return this.#cells === undefined ? 0 : Atomics.load(this.#cells, RELEASES)
  }

  acquire(owner: string): SlotRequest {
    if (this.#waiting.size === 0 && this.#take()) {
      const release = this.#release()
      return { granted: Promise.resolve(release), cancel: () => undefined }
    }
    let grant: Waiter['grant'] = () => undefined
    const granted = new Promise<(() => void) | undefined>((resolve) => (grant = resolve))
    const waiter: Waiter = { owner, grant }
    const own = this.#waiting.get(owner)
    if (own === undefined) this.#waiting.set(owner, [waiter])
    else own.push(waiter)
    this.#serve()
    return { granted, cancel: () => this.#cancel(waiter) }
  }

  #cancel(waiter: Waiter): void {
    const own = this.#waiting.get(waiter.owner)
    const index = own?.indexOf(waiter) ?? -1
    if (own === undefined || index === -1) return
    own.splice(index, 1)
    if (own.length === 0) this.#waiting.delete(waiter.owner)
    waiter.grant(undefined)
  }

  #take(): boolean {
    const cells = this.#cells
    if (cells === undefined) return true
    for (;;) {
      const free = Atomics.load(cells, FREE)
      if (free <= 0) return false
      if (Atomics.compareExchange(cells, FREE, free, free - 1) === free) {
        Atomics.add(this.#held, 0, 1)
        return true
      }
    }
  }

  /** The function that gives one slot back, once. */
  #release(): () => void {
    let held = true
    return () => {
      if (!held) return
      held = false
      const cells = this.#cells
      if (cells === undefined) return
      Atomics.sub(this.#held, 0, 1)
      giveBack(cells, 1)
      this.#serve()
    }
  }

  /** Grants to one VM after the other while there are slots. */
  #serve(): void {
    for (;;) {
      const next = this.#waiting.entries().next()
      if (next.done === true) return
      if (!this.#take()) return this.#watch()
      const [owner, own] = next.value
      const waiter = own.shift()
      // To the end of the row, whether it still waits or not.
      this.#waiting.delete(owner)
      if (own.length > 0) this.#waiting.set(owner, own)
      waiter?.grant(this.#release())
    }
  }

  /** Looks again when any thread gives a slot back. */
  #watch(): void {
    const cells = this.#cells
    if (this.#watching || cells === undefined) return
    const seen = Atomics.load(cells, RELEASES)
    if (Atomics.load(cells, FREE) > 0) {
      queueMicrotask(() => this.#serve())
      return
    }
    this.#watching = true
    this.#watchCells(cells, RELEASES, seen, () => {
      this.#watching = false
      this.#serve()
    })
  }
}
