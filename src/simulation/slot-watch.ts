// Who waits for slots that another virtual thread holds. Shared memory cannot tell within one thread: it is looked at between two steps.

import type { SlotWatch } from '../actors/slots.js'
import type { VirtualThread } from './scheduler.js'

interface Watch {
  readonly thread: VirtualThread
  readonly hasChanged: () => boolean
  readonly again: () => void
}

export class SlotWatches {
  #watches: Watch[] = []

  for(thread: VirtualThread): SlotWatch {
    return (cells, index, seen, again) => {
      this.#watches.push({ thread, again, hasChanged: () => Atomics.load(cells, index) !== seen })
    }
  }

  look(): void {
    if (this.#watches.length === 0) return
    const changed = this.#watches.filter((watch) => watch.hasChanged())
    if (changed.length === 0) return
    this.#watches = this.#watches.filter((watch) => !changed.includes(watch))
    for (const { thread, again } of changed) thread.clock.immediate(again)
  }
}
