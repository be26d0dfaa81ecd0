// How many UVM-level changes a guest works on at once. They start in call order; one that is slow holds only its own place.

export class ModifyGate {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Waits for a place. `onCancel` may register how the waiting ends early: the answer is then false. */
  enter(onCancel: (cancel: () => void) => void): Promise<boolean> {
    if (this.#running < this.#limit) {
      this.#running++
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const start = (): void => resolve(true)
      this.#waiting.push(start)
      onCancel(() => {
        const index = this.#waiting.indexOf(start)
        if (index === -1) return
        this.#waiting.splice(index, 1)
        resolve(false)
      })
    })
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }
}
