// What an actor tells that may be dropped (warnings, crash reports), on its way to the main thread: so many at once, the next once one was
// taken. What comes faster than that waits, and beyond a bound the oldest is dropped, and counted. Pure.

/** Told and not yet taken. */
export const MOST_IN_FLIGHT = 16
/** Behind those. */
export const MOST_WAITING = 64

export class Outbox<T> {
  readonly #send: (item: T, dropped: number) => void
  readonly #waiting: T[] = []
  #inFlight = 0
  #dropped = 0

  /** `dropped`: how many were dropped between the one before and this. */
  constructor(send: (item: T, dropped: number) => void) {
    this.#send = send
  }

  push(item: T): void {
    if (this.#inFlight < MOST_IN_FLIGHT) return this.#tell(item)
    this.#waiting.push(item)
    if (this.#waiting.length <= MOST_WAITING) return
    this.#waiting.shift()
    this.#dropped++
  }

  /** One that was told was taken. More than were told count for nothing: they are of an actor that was lost. */
  taken(): void {
    this.#inFlight = Math.max(0, this.#inFlight - 1)
    const next = this.#inFlight < MOST_IN_FLIGHT ? this.#waiting.shift() : undefined
    if (next !== undefined) this.#tell(next)
  }

  /** Tells what waits without credit: something follows that ends it all, and shall not overtake it. */
  flush(): void {
    for (const item of this.#waiting.splice(0)) this.#tell(item)
  }

  #tell(item: T): void {
    this.#inFlight++
    const dropped = this.#dropped
    this.#dropped = 0
    this.#send(item, dropped)
  }
}
