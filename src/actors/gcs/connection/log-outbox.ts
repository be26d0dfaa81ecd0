// Log entries on their way to the main thread: one batch at a time, the next once that was taken. What a guest writes faster than that is
// dropped, the oldest first, and counted. Pure.

import type { GuestLogEntry } from './guest-log.js'

/** Most that waits, entries and characters of their messages; and most of one batch. */
const MOST_ENTRIES = 4096
const MOST_TEXT = 4 * 1024 * 1024
const BATCH_ENTRIES = 256

export interface LogBatch {
  entries: GuestLogEntry[]
  /** Entries before these that were dropped. */
  dropped: number
}

export class LogOutbox {
  readonly #send: (batch: LogBatch) => void
  #waiting: { entry: GuestLogEntry; size: number }[] = []
  #text = 0
  #dropped = 0
  #isTaken = true
  readonly #onEmpty: (() => void)[] = []

  constructor(send: (batch: LogBatch) => void) {
    this.#send = send
  }

  push(entry: GuestLogEntry): void {
    const size = JSON.stringify(entry).length
    this.#waiting.push({ entry, size })
    this.#text += size
    let over = 0
    while (this.#waiting.length - over > MOST_ENTRIES || (this.#text > MOST_TEXT && this.#waiting.length - over > 1)) {
      this.#text -= this.#waiting[over]!.size
      over++
    }
    // Not one by one: moving the rest costs as much as there is.
    if (over > 0) this.#waiting.splice(0, over)
    this.#dropped += over
    this.#next()
  }

  /** The batch on its way was taken. */
  taken(): void {
    this.#isTaken = true
    this.#next()
  }

  /** Resolves once everything was taken. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve)
      this.#next()
    })
  }

  #next(): void {
    if (this.#isTaken && this.#waiting.length === 0) for (const tell of this.#onEmpty.splice(0)) tell()
    if (!this.#isTaken || this.#waiting.length === 0) return
    this.#isTaken = false
    const batch = this.#waiting.splice(0, BATCH_ENTRIES)
    for (const { size } of batch) this.#text -= size
    const dropped = this.#dropped
    this.#dropped = 0
    this.#send({ entries: batch.map(({ entry }) => entry), dropped })
  }
}
