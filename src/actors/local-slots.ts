// A bounded number of slots of one actor's own: first come, first served.

import type { SlotRequest, Slots } from './environment.js'

export class LocalSlots implements Slots {
  #free: number
  #releases = 0
  readonly #waiting = new Set<(release: (() => void) | undefined) => void>()

  constructor(count: number) {
    this.#free = count
  }

  get releases(): number {
    return this.#releases
  }

  acquire(): SlotRequest {
    if (this.#free > 0) {
      this.#free--
      return { granted: Promise.resolve(this.#release()), cancel: () => undefined }
    }
    let grant: (release: (() => void) | undefined) => void = () => undefined
    const granted = new Promise<(() => void) | undefined>((resolve) => (grant = resolve))
    this.#waiting.add(grant)
    const cancel = (): void => {
      if (this.#waiting.delete(grant)) grant(undefined)
    }
    return { granted, cancel }
  }

  #release(): () => void {
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#releases++
      const [next] = this.#waiting
      if (next === undefined) {
        this.#free++
        return
      }
      this.#waiting.delete(next)
      next(this.#release())
    }
  }
}
