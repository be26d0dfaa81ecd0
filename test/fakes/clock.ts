// A clock that stands still until a test moves it.

import type { Clock, Timer } from '#dist/native/clock.js'

interface Scheduled {
  readonly atMs: number
  readonly callback: () => void
}

export class ManualClock implements Clock {
  #nowMs = 0
  readonly #scheduled = new Set<Scheduled>()

  now(): number {
    return this.#nowMs
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry = { atMs: this.#nowMs + delayMs, callback }
    this.#scheduled.add(entry)
    return { clear: () => void this.#scheduled.delete(entry) }
  }

  immediate(callback: () => void): void {
    setImmediate(callback)
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#scheduled.size
  }

  /** How long until the next timer is due; undefined when none is set. */
  get untilNextMs(): number | undefined {
    const next = Math.min(...[...this.#scheduled].map(({ atMs }) => atMs))
    return next === Infinity ? undefined : next - this.#nowMs
  }

  /** Moves the time; due callbacks run in order. */
  advance(ms: number): void {
    this.#nowMs += ms
    for (;;) {
      const due = [...this.#scheduled].filter(({ atMs }) => atMs <= this.#nowMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) return
      this.#scheduled.delete(due)
      due.callback()
    }
  }
}
