// The actor threads of a Host: one pool of fixed size, placement of actors, and what happens when a thread dies.
//
// Placement is ours: each task carries the choice of its worker. Piscina would spread tasks by count, which splits siblings. A thread
// that dies is replaced by its pool; its replacement gets a controller as the first ones did.

import type { MessagePort } from 'node:worker_threads'
import { ActorLostError } from '../../errors.js'
import type { Clock } from '../../native/clock.js'
import { openMailbox } from '../mailbox/caller.js'
import type { OpenChannel } from '../mailbox/channel.js'
import type { Mailbox, NoticeMap, RequestMap } from '../mailbox/contract.js'
import type { Gauges } from '../environment.js'
import { reclaimSlots } from '../slots.js'
import type { ControllerRequests, ThreadSetup, ThreadTask } from './contract.js'
import { openPiscina, type OpenPool, type ThreadPool } from './pool.js'

/** One living actor thread. */
export interface ActorThread {
  readonly id: number
  readonly controller: Mailbox<ControllerRequests, Record<string, never>>
  /** Mailboxes of the actors on it. */
  readonly actors: Set<Mailbox<never, never>>
  /** What it was given. */
  readonly setup: ThreadSetup
}

export interface ThreadsOptions {
  count: number
  clock: Clock
  openChannel: OpenChannel
  /** Of this system unless given. */
  openPool?: OpenPool
  /** Setup of one more thread, with what must be transferred. */
  setup: () => { setup: ThreadSetup; transfer: MessagePort[] }
  onLost: (threadId: number, cause: Error) => void
  onLatency: (op: string, ms: number) => void
}

export class ActorThreads {
  readonly #pool: ThreadPool
  readonly #options: ThreadsOptions
  readonly #threads = new Map<number, ActorThread>()
  /** Threads on their way to take the place of lost ones. */
  readonly #replacements = new Set<Promise<void>>()
  #closing: Promise<string[]> | undefined

  private constructor(options: ThreadsOptions) {
    this.#options = options
    this.#pool = (options.openPool ?? openPiscina)(options.count)
  }

  /** @throws what the provider could not be loaded with */
  static async open(options: ThreadsOptions): Promise<ActorThreads> {
    const threads = new ActorThreads(options)
    try {
      await Promise.all(Array.from({ length: options.count }, () => threads.#startController()))
    } catch (error) {
      await threads.close()
      throw error
    }
    return threads
  }

  get count(): number {
    return this.#threads.size
  }

  async #startController(): Promise<void> {
    const { clock, openChannel } = this.#options
    const { local, remote } = openChannel()
    const { setup, transfer } = this.#options.setup()
    const controller = openMailbox<ControllerRequests, Record<string, never>>(local, { clock, openChannel })
    let thread: ActorThread | undefined
    const life = this.#pool.run({ kind: 'controller', port: remote, setup }, [remote, ...transfer], (workers) => {
      const fresh = workers.find((worker) => !this.#threads.has(worker.id))
      if (fresh === undefined) return undefined
      thread = { id: fresh.id, controller, actors: new Set(), setup }
      this.#threads.set(fresh.id, thread)
      return fresh
    })
    life.then(
      () => this.#gone(thread, undefined),
      (cause: unknown) => {
        controller.lose(cause as Error)
        this.#gone(thread, cause as Error)
      },
    )
    try {
      await controller.call('ready', {}, { op: 'host.open' })
    } catch (error) {
      // Nothing can be placed on it.
      if (thread !== undefined && this.#threads.get(thread.id) === thread) this.#threads.delete(thread.id)
      throw error
    }
  }

  #gone(thread: ActorThread | undefined, cause: Error | undefined): void {
    if (thread === undefined || this.#threads.get(thread.id) !== thread) return
    this.#threads.delete(thread.id)
    // Whoever waits for a slot on another thread must not wait for one that is gone.
    reclaimSlots(thread.setup.operations)
    reclaimSlots(thread.setup.boots)
    if (cause === undefined || this.#closing !== undefined) return
    for (const actor of thread.actors) actor.lose(cause)
    const replacement = this.#startController().catch(() => undefined)
    this.#replacements.add(replacement)
    void replacement.then(() => this.#replacements.delete(replacement))
    this.#options.onLost(thread.id, cause)
  }

  /** The thread with the fewest actors, waiting for one when all have just been lost. @throws {ActorLostError} none could be started */
  async place(): Promise<ActorThread> {
    for (;;) {
      const thread = this.leastLoaded()
      if (thread !== undefined) return thread
      if (this.#replacements.size === 0) {
        throw new ActorLostError({ op: 'host.place', reason: 'no actor thread is left, and no other could be started' })
      }
      await Promise.race(this.#replacements)
    }
  }

  /** The thread with the fewest actors; undefined when there is none. */
  leastLoaded(): ActorThread | undefined {
    let best: ActorThread | undefined
    for (const thread of this.#threads.values()) {
      if (best === undefined || thread.actors.size < best.actors.size) best = thread
    }
    return best
  }

  /** Starts an actor on a thread; its mailbox is lost when the thread dies. */
  startActor<R extends RequestMap<R>, E extends NoticeMap<E>>(
    thread: ActorThread,
    task: (port: MessagePort) => ThreadTask,
  ): Mailbox<R, E> {
    const { clock, openChannel, onLatency } = this.#options
    const { local, remote } = openChannel()
    const mailbox = openMailbox<R, E>(local, { clock, openChannel, onLatency })
    const entry = mailbox as unknown as Mailbox<never, never>
    thread.actors.add(entry)
    const life = this.#pool.run(task(remote), [remote], (workers) => {
      const own = workers.find((worker) => worker.id === thread.id)
      // Gone: any other thread is as good, since the actor ends as soon as it sees that its mailbox is lost.
      if (own === undefined) mailbox.lose(new Error('its thread was lost'))
      return own ?? workers[0]
    })
    life.then(
      () => mailbox.lose(new Error('the actor ended')),
      (cause: unknown) => mailbox.lose(cause as Error),
    )
    void mailbox.ended.then(() => thread.actors.delete(entry))
    return mailbox
  }

  /** What all threads hold open, added up. A thread that does not answer counts as nothing. */
  async gauges(): Promise<Gauges> {
    const total: Gauges = { handles: 0, operations: 0, sockets: 0, queued: 0 }
    const all = await Promise.all(
      [...this.#threads.values()].map((thread) =>
        thread.controller.call('gauges', {}, { op: 'host.stats' }).catch(() => undefined),
      ),
    )
    for (const gauges of all) {
      for (const key of Object.keys(total) as (keyof Gauges)[]) total[key] += gauges?.[key] ?? 0
    }
    return total
  }

  /** Ends every thread: in order when `force` resolves later than they do, else by terminating them. Resolves with those. */
  close(force: Promise<void> = new Promise(() => undefined)): Promise<string[]> {
    this.#closing ??= this.#close(force)
    return this.#closing
  }

  async #close(force: Promise<void>): Promise<string[]> {
    // What is on its way would be there only to be ended; its start settles with the pool.
    const running = new Set(this.#threads.keys())
    const orderly = [...this.#threads].map(async ([id, thread]) => {
      await thread.controller.stop()
      running.delete(id)
    })
    await Promise.race([Promise.all(orderly), force])
    const forced = [...running].map((id) => `thread ${id}`)
    await this.#pool.destroy()
    this.#threads.clear()
    return forced
  }
}
