// One reader's view of events: what came since it began to listen, bounded, the oldest dropped first and counted.

/** Entries kept for a reader that is slower than they come, unless it asks for another bound. */
export const KEPT_EVENTS = 1024

export class EventStream<T> implements AsyncIterableIterator<T> {
  readonly #limit: number
  readonly #onEnd: () => void
  readonly #kept: T[] = []
  readonly #waiting: { resolve: (result: IteratorResult<T>) => void; reject: (error: Error) => void }[] = []
  #dropped = 0
  #isOver = false
  /** Told once, after what was kept. */
  #error: Error | undefined

  /** @internal `onEnd`: the reader left its loop, or everything ended. */
  constructor(onEnd: () => void = () => undefined, limit = KEPT_EVENTS) {
    this.#onEnd = onEnd
    this.#limit = limit
  }

  /** Entries that this reader lost because it was too slow. */
  get dropped(): number {
    return this.#dropped
  }

  /** @internal */
  push(value: T): void {
    if (this.#isOver) return
    const reader = this.#waiting.shift()
    if (reader !== undefined) return reader.resolve({ done: false, value })
    this.#kept.push(value)
    if (this.#kept.length > this.#limit) {
      this.#kept.shift()
      this.#dropped++
    }
  }

  /** @internal What is kept can still be read; then the error, if there is one, then the end. */
  end(error?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    const [first, ...others] = this.#waiting.splice(0)
    if (first === undefined) this.#error = error
    else if (error === undefined) first.resolve({ done: true, value: undefined })
    else first.reject(error)
    for (const reader of others) reader.resolve({ done: true, value: undefined })
    this.#onEnd()
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#kept.length > 0) return Promise.resolve({ done: false, value: this.#kept.shift()! })
    if (this.#error !== undefined) {
      const error = this.#error
      this.#error = undefined
      return Promise.reject(error)
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<T>> {
    this.#kept.length = 0
    this.#error = undefined
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
