// The threads of a Host: one pool for everything, or with `isolation: 'dedicated'` a thread for each VM and one for what concerns none.

import type { Threads } from './host-environment.js'
import type { HostParts } from './host-parts.js'
import type { ThreadSetup } from './threads/contract.js'
import type { ActorThread } from './threads/threads.js'
import { leaseSlots, slotMemory } from './slots.js'

interface HostThreadsHooks {
  lost(thread: ActorThread, cause: Error): void
  /** It does not answer. */
  stuck(thread: ActorThread): void
  /** Tokens of the handles that somebody has or will take back. */
  handles(): readonly string[]
  latency(op: string, ms: number): void
}

export class HostThreads {
  readonly #parts: HostParts
  readonly #hooks: HostThreadsHooks
  readonly #operations: SharedArrayBuffer | undefined
  readonly #boots: SharedArrayBuffer | undefined
  readonly #reaps = new WeakMap<ThreadSetup, (keep: readonly string[]) => void>()
  #shared: Threads | undefined
  #side: Promise<Threads> | undefined
  #openSide: Threads | undefined
  readonly #dedicated = new Set<Threads>()
  /** Threads for single VMs that are being started. */
  readonly #dedicating = new Set<Promise<Threads>>()

  constructor(parts: HostParts, hooks: HostThreadsHooks) {
    this.#parts = parts
    this.#hooks = hooks
    this.#operations = slotMemory(parts.settings.operations)
    this.#boots = slotMemory(parts.settings.boots)
  }

  async start(): Promise<void> {
    const { isolation, threads } = this.#parts.settings
    this.#shared = await this.#open(isolation === 'dedicated' ? 1 : threads)
  }

  /** One thread for what must outlive the loss of any other, and must not be on the main thread: started when it is first needed. */
  side(): Promise<Threads> {
    this.#side ??= this.#open(1, true).then(
      (threads) => (this.#openSide = threads),
      (error: unknown) => {
        this.#side = undefined
        throw error
      },
    )
    return this.#side
  }

  #open(count: number, isSide = false): Promise<Threads> {
    const { environment, settings, source, transport: transports, directory } = this.#parts
    const { clock, openChannel } = environment
    return environment.openThreads({
      clock,
      openChannel,
      count,
      setup: () => {
        const { transport, transfer: more } = transports.next()
        const isolated = { transport, socketDirectory: directory.path, operations: undefined, boots: undefined }
        if (isSide) return { setup: isolated, transfer: more }
        const { provider, transfer, reap } = source.next()
        const [operations, boots] = [leaseSlots(this.#operations), leaseSlots(this.#boots)]
        const setup = { provider, transport, socketDirectory: directory.path, operations, boots }
        if (reap !== undefined) this.#reaps.set(setup, reap)
        return { setup, transfer: [...transfer, ...more] }
      },
      onLost: (thread, cause) => {
        this.#hooks.lost(thread, cause)
        // What it was opening when it died has nobody.
        void thread.exited.then(() => this.reap(thread))
      },
      onStuck: (thread) => this.#hooks.stuck(thread),
      watchdog: settings.watchdog,
      onLatency: (op, ms) => this.#hooks.latency(op, ms),
    })
  }

  /** Between `start` and `close`. */
  get isOpen(): boolean {
    return this.#shared !== undefined
  }

  /** For what concerns no VM. */
  get shared(): Threads {
    return this.#shared!
  }

  get sideCount(): number {
    return this.#openSide?.count ?? 0
  }

  /** All that hold something open. */
  get all(): Threads[] {
    return [...this.pools, ...(this.#openSide === undefined ? [] : [this.#openSide])]
  }

  get pools(): Threads[] {
    return [...(this.#shared === undefined ? [] : [this.#shared]), ...this.#dedicated]
  }

  /** A lost thread's handles close, except for those that somebody has or will take back. */
  reap({ setup }: ActorThread): void {
    if (this.isOpen) this.#reaps.get(setup)?.(this.#hooks.handles())
  }

  /** A place for the actor of one VM; `release` its threads when it is gone. */
  async placeVM(op: string, id: string): Promise<{ threads: Threads; thread: ActorThread }> {
    const threads = await this.forVM(op, id)
    return { threads, thread: await threads.place() }
  }

  /** For one VM; `release` when it is gone. */
  async forVM(op: string, id: string): Promise<Threads> {
    if (this.#parts.settings.isolation !== 'dedicated') return this.shared
    const opening = this.#open(1)
    this.#dedicating.add(opening)
    try {
      const threads = await opening
      this.#dedicated.add(threads)
      try {
        this.#parts.assertOpen(op, id)
      } catch (error) {
        await this.release(threads)
        throw error
      }
      return threads
    } finally {
      this.#dedicating.delete(opening)
    }
  }

  async release(threads: Threads): Promise<void> {
    if (!this.#dedicated.has(threads)) return
    await threads.close()
    this.#dedicated.delete(threads)
  }

  /** From `force` on without waiting for what does not end by itself. Resolves with what had to be left. */
  async close(force: Promise<void>): Promise<string[]> {
    await Promise.race([Promise.allSettled([...this.#dedicating, this.#side]), force])
    const left = await Promise.all(this.all.map((pool) => pool.close(force)))
    this.#shared = undefined
    this.#openSide = undefined
    this.#dedicated.clear()
    return left.flat()
  }
}
