// The virtual processors: everything a guest does passes here, and waits while the machine is paused.

export class Gate {
  #open: Promise<void> | undefined
  #release: () => void = () => undefined

  close(): void {
    this.#open ??= new Promise((resolve) => (this.#release = resolve))
  }

  open(): void {
    this.#open = undefined
    this.#release()
  }

  /** Resolves when the machine runs. */
  async pass(): Promise<void> {
    while (this.#open !== undefined) await this.#open
  }
}
