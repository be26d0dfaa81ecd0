// Who waits for slots that another virtual thread holds. Shared memory cannot tell within one thread: it is looked at between two steps.

import { freeSlots, type SlotLease, type SlotWatch } from '../actors/slots.js'
import type { VirtualThread } from './scheduler.js'

interface Watch {
  readonly thread: VirtualThread
  readonly hasChanged: () => boolean
  readonly again: () => void
}

export class SlotWatches {
  #watches: Watch[] = []
  /** How many there were at first. */
  readonly #counts = new Map<SharedArrayBuffer, number>()

  /** Slots that a thread is given. */
  know(...leases: readonly (SlotLease | undefined)[]): void {
    for (const lease of leases) {
      if (lease !== undefined && !this.#counts.has(lease.slots)) this.#counts.set(lease.slots, freeSlots(lease))
    }
  }

  taken(): number {
    return [...this.#counts].reduce((sum, [slots, count]) => sum + count - freeSlots({ slots }), 0)
  }

  for(thread: VirtualThread): SlotWatch {
    return (cells, index, seen, again) => {
      this.#watches.push({ thread, again, hasChanged: () => Atomics.load(cells, index) !== seen })
    }
  }

  /** The program that had them is gone. */
  forget(): void {
    this.#watches = []
    this.#counts.clear()
  }

  look(): void {
    if (this.#watches.length === 0) return
    const changed = this.#watches.filter((watch) => watch.hasChanged())
    if (changed.length === 0) return
    this.#watches = this.#watches.filter((watch) => !changed.includes(watch))
    for (const { thread, again } of changed) thread.clock.immediate(again)
  }
}
