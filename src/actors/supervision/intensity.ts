// How often something may be started again: at most so many times within a period, as OTP supervisors count. Pure; the time is passed in.

export interface Intensity {
  /** Restarts within the period; one more and it is given up. */
  readonly restarts: number
  readonly periodMs: number
}

/**
 * Of one actor. A thread that dies takes its neighbours along, so this is more than one actor alone would ever need.
 */
export const ACTOR_INTENSITY: Intensity = { restarts: 5, periodMs: 60_000 }

/** Of the threads of one Host: starts that failed. Beyond, a thread is started only when somebody needs one. */
export const THREAD_INTENSITY: Intensity = { restarts: 5, periodMs: 60_000 }

export class RestartCount {
  readonly #intensity: Intensity
  #atMs: number[] = []

  constructor(intensity: Intensity) {
    this.#intensity = intensity
  }

  /** Counts a restart. False: it is one too many. */
  take(nowMs: number): boolean {
    const { restarts, periodMs } = this.#intensity
    this.#atMs = this.#atMs.filter((at) => at > nowMs - periodMs)
    if (this.#atMs.length >= restarts) return false
    this.#atMs.push(nowMs)
    return true
  }

  /** Restarts within the period that ends now. */
  within(nowMs: number): number {
    return this.#atMs.filter((at) => at > nowMs - this.#intensity.periodMs).length
  }
}
