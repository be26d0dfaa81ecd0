// The thread that a VM and its guest sit on, and where they go when it is lost: both to the same one, once nothing of it runs any more.

import type { Clock, Timer } from '../native/clock.js'
import type { Threads } from './host-environment.js'
import type { ActorThread } from './threads/threads.js'

/** A mailbox may break before the loss of its thread is known. After this long, milliseconds, the thread counts as living. */
const LOSS_KNOWN_MS = 1_000

export class Seat {
  readonly threads: Threads
  readonly #clock: Clock
  #thread: ActorThread
  /** The thread is gone, and nothing of it runs any more. */
  #isEmpty = false
  #moving: Promise<void> | undefined
  readonly #tidy: () => Promise<void>

  /** @param tidy what the thread has left behind, before another takes its place; never rejects */
  constructor(threads: Threads, thread: ActorThread, clock: Clock, tidy: () => Promise<void>) {
    this.threads = threads
    this.#thread = thread
    this.#clock = clock
    this.#tidy = tidy
  }

  get thread(): ActorThread {
    return this.#thread
  }

  /**
   * Runs `use` on a living thread, for an actor that was lost on `from`. Thread and actor are joined in one turn, so that the next seat sees
   * the load.
   *
   * @throws {ActorLostError} there is no thread, and none could be started
   */
  async leave<T>(from: ActorThread, use: (thread: ActorThread) => T): Promise<T> {
    for (;;) {
      // Unless its sibling has moved before.
      if (this.#thread === from || this.#moving !== undefined) {
        await (this.#moving ??= this.#look().finally(() => (this.#moving = undefined)))
      }
      if (this.#isEmpty) await this.threads.place()
      if (this.#take()) return use(this.#thread)
    }
  }

  /** False: there is no thread at the moment. */
  #take(): boolean {
    if (!this.#isEmpty) return true
    const thread = this.threads.leastLoaded()
    if (thread === undefined) return false
    this.#thread = thread
    this.#isEmpty = false
    return true
  }

  async #look(): Promise<void> {
    let timer: Timer | undefined
    const living = new Promise<boolean>((resolve) => (timer = this.#clock.after(LOSS_KNOWN_MS, () => resolve(false))))
    const isLost = await Promise.race([this.#thread.lost.then(() => true), living])
    timer?.clear()
    if (!isLost) return
    await this.#thread.exited
    await this.#tidy()
    this.#isEmpty = true
  }
}
