// Time is passed in: everything that waits takes a Clock, so that tests move it and the hearts of the actors never read it. Nothing else sets a timer: one
// of more than 2^31 - 1 ms would go off at once.

export interface Timer {
  /** Idempotent; after it the callback never runs. */
  clear(): void
}

export interface Clock {
  /** Milliseconds, monotonic, fractions allowed. Only differences mean something. */
  now(): number
  /** Milliseconds since 1970, for time stamps that people read. */
  wallTime(): number
  /** Runs `callback` once, `delayMs` from now (0 or more; Infinity never). A timer never keeps the process alive. */
  after(delayMs: number, callback: () => void): Timer
  /** Runs `callback` once everything that is ready now has run, input and output among it. Keeps the process alive until then. */
  immediate(callback: () => void): void
  /** Runs `callback` once what runs now has returned and its promises have been seen to, before anything else. Absent: `immediate` does. */
  soon?(callback: () => void): void
}

/** When the turn of the event loop that runs now is over, or as soon after it as the clock can. */
export function endOfTurn(clock: Clock, callback: () => void): void {
  if (clock.soon === undefined) clock.immediate(callback)
  else clock.soon(callback)
}

/** Resolves once everything that is ready now has run. */
export function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.immediate(resolve))
}

/** Longest delay setTimeout takes without overflowing, ms (2^31 - 1). */
const LONGEST_DELAY_MS = 2_147_483_647

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, callback) {
    let handle: NodeJS.Timeout | undefined
    const arm = (leftMs: number): void => {
      if (leftMs === Infinity) return
      const stepMs = Math.min(leftMs, LONGEST_DELAY_MS)
      handle = setTimeout(() => {
        if (leftMs > stepMs) arm(leftMs - stepMs)
        else callback()
      }, stepMs)
      handle.unref()
    }
    arm(delayMs)
    return { clear: () => clearTimeout(handle) }
  },
  immediate: (callback) => void setImmediate(callback),
  soon: (callback) => process.nextTick(callback),
}
