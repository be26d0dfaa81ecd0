// The heartbeat of one thread in action: asks while calls are with it, tells when it is stuck, and when a stuck one answers after all.

import type { Clock, Timer } from '../../native/clock.js'
import { answered, IDLE, look, lookEveryMs, type Pulse } from './heartbeat.js'

export interface WatchdogOptions {
  clock: Clock
  stuckAfterMs: number
  isBusy: () => boolean
  /** Asks the thread; resolves when it answers, however late, rejects when it is gone. */
  ask: () => Promise<unknown>
  onStuck: () => void
  onBack: () => void
}

export class Watchdog {
  readonly #options: WatchdogOptions
  #pulse: Pulse = IDLE
  #timer: Timer | undefined
  #isOver = false

  constructor(options: WatchdogOptions) {
    this.#options = options
  }

  /** Since when a stuck thread has not answered. */
  get stuckSinceMs(): number | undefined {
    return this.#pulse.kind === 'stuck' ? this.#pulse.sinceMs : undefined
  }

  /** A call went to the thread: from here on it is watched until nothing is with it. */
  wake(): void {
    if (this.#timer !== undefined || this.#isOver) return
    const { clock, stuckAfterMs } = this.#options
    const everyMs = lookEveryMs(stuckAfterMs)
    const dueMs = clock.now() + everyMs
    this.#timer = clock.after(everyMs, () => {
      this.#timer = undefined
      this.#look(dueMs)
    })
  }

  #look(dueMs: number): void {
    const { clock, stuckAfterMs, isBusy, onStuck } = this.#options
    const { pulse, effect } = look(this.#pulse, { nowMs: clock.now(), dueMs, isBusy: isBusy(), stuckAfterMs })
    this.#pulse = pulse
    if (effect === 'rest') return
    if (effect === 'ask') void this.#ask()
    if (effect === 'tell-stuck') return onStuck()
    if (pulse.kind !== 'stuck') this.wake()
  }

  async #ask(): Promise<void> {
    try {
      await this.#options.ask()
    } catch {
      // It is gone, which others notice.
      return
    }
    const wasStuck = this.#pulse.kind === 'stuck'
    this.#pulse = answered()
    if (!wasStuck || this.#isOver) return
    this.#options.onBack()
    this.wake()
  }

  end(): void {
    this.#isOver = true
    this.#timer?.clear()
  }
}
