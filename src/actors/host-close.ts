// The time that a Host has to close: what does not end within it is left behind, and named.

import type { Clock, Timer } from '../native/clock.js'

const FORCED = Symbol('forced')

export class ClosingTime {
  /** Resolves when the time is over. */
  readonly over: Promise<void>
  readonly #timer: Timer
  readonly #left = new Set<string>()

  constructor(clock: Clock, timeoutMs: number) {
    let force = (): void => undefined
    this.over = new Promise((resolve) => (force = resolve))
    this.#timer = clock.after(timeoutMs, force)
  }

  /** Names of what was left behind. */
  get left(): readonly string[] {
    return [...this.#left]
  }

  leave(...what: string[]): void {
    for (const one of what) this.#left.add(one)
  }

  /** Waits for the work, however it ends, as long as there is time. */
  async wait(what: string, work: Promise<unknown>): Promise<void> {
    const ended = await Promise.race([work.catch(() => undefined), this.over.then(() => FORCED)])
    if (ended === FORCED) this.leave(what)
  }

  end(): void {
    this.#timer.clear()
  }
}
