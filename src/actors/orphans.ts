// VMs for which a thread listened that has died: the files of its sockets stay behind, until somebody listens there again or the VM is over.

import type { SocketDirectory } from './socket-directory.js'

export class Orphans {
  readonly #directory: SocketDirectory
  readonly #runtimeIds = new Set<string>()

  constructor(directory: SocketDirectory) {
    this.#directory = directory
  }

  /** A thread has died that may have listened for these VMs. */
  add(runtimeIds: Iterable<string>): void {
    for (const runtimeId of runtimeIds) this.#runtimeIds.add(runtimeId)
  }

  /** Nobody here listens for the VM any more. */
  async over(runtimeId: string): Promise<void> {
    if (this.#runtimeIds.delete(runtimeId)) await this.#directory.sweep(new Set([runtimeId]))
  }

  /** Nobody here listens any more. */
  async allOver(): Promise<void> {
    const left = new Set(this.#runtimeIds)
    this.#runtimeIds.clear()
    await this.#directory.sweep(left)
  }
}
