// What an actor tells that may be dropped (warnings, crash reports), on its way to the main thread: so many at once, the next once one was
// taken. What comes faster than that waits, and beyond a bound the oldest is dropped, and counted. Pure.

/** Told and not yet taken. */
export const MOST_IN_FLIGHT = 16
/** Behind those. */
export const MOST_WAITING = 64
/** Characters of those on their way, and of those behind them; one by itself may have more. */
export const MOST_TEXT = 1024 * 1024

interface Sized<T> {
  readonly item: T
  readonly size: number
}

export class Outbox<T> {
  readonly #send: (item: T, dropped: number) => void
  readonly #sizeOf: (item: T) => number
  readonly #waiting: Sized<T>[] = []
  #waitingText = 0
  /** Sizes of what was told and not yet taken. */
  readonly #inFlight: number[] = []
  #inFlightText = 0
  #dropped = 0

  /** `dropped`: how many were dropped between the one before and this. `sizeOf`: characters, about. */
  constructor(send: (item: T, dropped: number) => void, sizeOf: (item: T) => number) {
    this.#send = send
    this.#sizeOf = sizeOf
  }

  push(item: T): void {
    const size = this.#sizeOf(item)
    this.#waiting.push({ item, size })
    this.#waitingText += size
    this.#next()
    while (this.#waiting.length > MOST_WAITING || (this.#waitingText > MOST_TEXT && this.#waiting.length > 1)) {
      this.#shift()
      this.#dropped++
    }
  }

  /** One that was told was taken. More than were told count for nothing: they are of an actor that was lost. */
  taken(): void {
    this.#inFlightText -= this.#inFlight.shift() ?? 0
    this.#next()
  }

  /** Tells what waits without credit: something follows that ends it all, and shall not overtake it. */
  flush(): void {
    while (this.#waiting.length > 0) this.#tell(this.#shift())
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#hasCredit(this.#waiting[0]!.size)) this.#tell(this.#shift())
  }

  #hasCredit(size: number): boolean {
    const { length } = this.#inFlight
    return length === 0 || (length < MOST_IN_FLIGHT && this.#inFlightText + size <= MOST_TEXT)
  }

  #shift(): Sized<T> {
    const first = this.#waiting.shift()!
    this.#waitingText -= first.size
    return first
  }

  #tell({ item, size }: Sized<T>): void {
    this.#inFlight.push(size)
    this.#inFlightText += size
    const dropped = this.#dropped
    this.#dropped = 0
    this.#send(item, dropped)
  }
}

/** Of an error on its way as a warning, characters. */
export function sizeOfError({ message, stack = '' }: Error): number {
  return message.length + stack.length
}
