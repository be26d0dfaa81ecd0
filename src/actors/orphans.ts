// VMs for which a thread listened that has died: the files of its sockets stay behind. They go before another thread listens there, so that
// it finds its names free: whoever takes a dead socket away loads native code for that, and a thread that ended just then would take the
// process with it. And they go once nobody here holds the VM any more.

import type { Clock } from '../native/clock.js'
import type { SocketDirectory } from './socket-directory.js'

interface Loss {
  hasEnded: boolean
}

export class Orphans {
  readonly #directory: SocketDirectory
  readonly #isHeld: (runtimeId: string) => boolean
  /** By runtime id, the last one. */
  readonly #losses = new Map<string, Loss>()
  readonly #clock: Clock
  readonly #untidy = new Set<string>()
  #tidying: Promise<void> | undefined

  constructor(directory: SocketDirectory, clock: Clock, isHeld: (runtimeId: string) => boolean) {
    this.#directory = directory
    this.#clock = clock
    this.#isHeld = isHeld
  }

  /** A thread has died that may have listened for the VM. `exited`: nothing of it runs any more. */
  lost(runtimeId: string, exited: Promise<void>): void {
    const loss: Loss = { hasEnded: false }
    this.#losses.set(runtimeId, loss)
    void exited.then(() => {
      loss.hasEnded = true
      if (!this.#isHeld(runtimeId)) void this.#sweep([runtimeId])
    })
  }

  /** Nothing of the thread runs any more, and another is about to listen for the VM. Many at once are looked for together. */
  tidy(runtimeId: string): Promise<void> {
    this.#untidy.add(runtimeId)
    this.#tidying ??= new Promise<void>((resolve) => this.#clock.immediate(resolve)).then(() => {
      const runtimeIds = new Set(this.#untidy)
      this.#untidy.clear()
      this.#tidying = undefined
      return this.#directory.sweep(runtimeIds)
    })
    return this.#tidying
  }

  /** Nobody here holds the VM any more. Waits for no thread: what a dying one still has goes with its end. */
  async over(runtimeId: string): Promise<void> {
    if (this.#losses.get(runtimeId)?.hasEnded === true) await this.#sweep([runtimeId])
  }

  /** No thread runs any more. */
  allOver(): Promise<void> {
    return this.#sweep([...this.#losses.keys()])
  }

  async #sweep(runtimeIds: readonly string[]): Promise<void> {
    const ours = runtimeIds.filter((runtimeId) => this.#losses.has(runtimeId))
    if (ours.length > 0) await this.#directory.sweep(new Set(ours))
    for (const runtimeId of ours) this.#losses.delete(runtimeId)
  }
}
