// VMs for which a thread listened that has died: the files of its sockets stay behind. They go once the thread has ended and nobody here
// holds the VM any more; until then somebody may listen there again.

import type { SocketDirectory } from './socket-directory.js'

interface Loss {
  hasEnded: boolean
}

export class Orphans {
  readonly #directory: SocketDirectory
  readonly #isHeld: (runtimeId: string) => boolean
  /** By runtime id, the last one. */
  readonly #losses = new Map<string, Loss>()

  constructor(directory: SocketDirectory, isHeld: (runtimeId: string) => boolean) {
    this.#directory = directory
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
