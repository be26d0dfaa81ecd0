// The actor threads of a Host, so that a test can end them from outside.

import type { Worker } from 'node:worker_threads'
import type { Host } from '#dist/index.js'

export class ActorWorkers {
  readonly host: Host
  readonly #living = new Set<Worker>()
  readonly #note = (worker: Worker): void => this.#add(worker)

  private constructor(host: Host, first: readonly Worker[]) {
    this.host = host
    for (const worker of first) this.#add(worker)
    process.on('worker', this.#note)
  }

  /** Opens a Host. Whatever else it starts comes before its actor threads, and nothing but those afterwards. */
  static async open(open: () => Promise<Host>, threads: number): Promise<ActorWorkers> {
    const started: Worker[] = []
    const note = (worker: Worker): void => void started.push(worker)
    process.on('worker', note)
    const host = await open()
    process.off('worker', note)
    return new ActorWorkers(host, started.slice(-threads))
  }

  #add(worker: Worker): void {
    this.#living.add(worker)
    worker.once('exit', () => this.#living.delete(worker))
  }

  get living(): readonly Worker[] {
    return [...this.#living]
  }

  /** Ends the oldest ones; resolves when nothing of them runs any more. */
  async kill(count: number): Promise<void> {
    await Promise.all(this.living.slice(0, count).map((worker) => worker.terminate()))
  }

  end(): void {
    process.off('worker', this.#note)
  }
}
