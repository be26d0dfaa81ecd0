// Whether the process stays alive for a Host. Ports and threads are unref'd; this alone decides.

/** Far in the future: the timer exists to be referenced, not to fire. */
const NEVER_MS = 2_147_483_647

export class KeepAlive {
  #timer: NodeJS.Timeout | undefined = setInterval(() => undefined, NEVER_MS)

  ref(): void {
    this.#timer?.ref()
  }

  unref(): void {
    this.#timer?.unref()
  }

  end(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
