// The deadlines of a connection's requests: a binary heap, the first due on top. Pure. A request that is over stays until it comes to the top
// or until those that are over outnumber the others, so that an answer costs nothing here.

export interface Timed {
  readonly deadlineMs: number
  /** Nothing is due for it any more. */
  readonly isOver: boolean
}

/** So many that are over are never worth clearing away. */
const FEW = 64

export class Deadlines<T extends Timed> {
  #heap: T[] = []

  /** Entries that are kept, those that are over among them. */
  get size(): number {
    return this.#heap.length
  }

  /** Adds one with a finite deadline. `living`: how many there are that are not over, at most. */
  add(timed: T, living: number): void {
    if (this.#heap.length > FEW + 2 * living) this.#compact()
    const heap = this.#heap
    let at = heap.length
    heap.push(timed)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.deadlineMs <= timed.deadlineMs) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timed
  }

  /** The one that is due first; undefined when there is none. */
  first(): T | undefined {
    while (this.#heap[0]?.isOver === true) this.#shift()
    return this.#heap[0]
  }

  #shift(): void {
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(0, last)
  }

  /** Puts one where it belongs below a place that is free. */
  #sink(place: number, timed: T): void {
    const heap = this.#heap
    let at = place
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.deadlineMs < heap[child]!.deadlineMs) child++
      if (heap[child]!.deadlineMs >= timed.deadlineMs) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = timed
  }

  #compact(): void {
    this.#heap = this.#heap.filter((timed) => !timed.isOver)
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at, this.#heap[at]!)
  }

  clear(): void {
    this.#heap = []
  }
}
