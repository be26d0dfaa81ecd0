// The actor threads of a Host: placement of actors, and what happens when a thread dies or is stuck.
//
// A thread that is gone is replaced once its end was seen, never before: what it held must not be in two places. Starts that fail are
// tried again, a bounded number of times within a period; after that a thread is started when somebody needs one.

import type { MessagePort } from 'node:worker_threads'
import { ActorLostError } from '../../errors.js'
import type { Clock } from '../../native/clock.js'
import { openMailbox } from '../mailbox/caller.js'
import type { OpenChannel } from '../mailbox/channel.js'
import type { Mailbox, NoticeMap, RequestMap } from '../mailbox/contract.js'
import type { Gauges } from '../environment.js'
import { reclaimSlots } from '../slots.js'
import { defaultTimeout } from '../supervision/defaults.js'
import { RestartCount, THREAD_INTENSITY } from '../supervision/intensity.js'
import type { ControllerRequests, ThreadSetup, ThreadTask } from './contract.js'
import { Watchdog } from './watchdog.js'
import { openWorkerThread, preparePool, type OpenThread, type WorkerThread } from './worker-thread.js'

/** How long a thread may take to start, its provider included, milliseconds. */
const START_MS = 60_000

/** Between two starts that fail, milliseconds, doubled every time. */
const RETRY_MS = 100

/** How long `gauges` waits for a thread, milliseconds. */
const GAUGES_MS = 1_000

/** After the time is over, milliseconds, until a thread counts as held. */
const FORCED_MS = 1_000

/** One living actor thread. */
export interface ActorThread {
  readonly id: number
  readonly controller: Mailbox<ControllerRequests, Record<string, never>>
  /** Mailboxes of the actors on it. */
  readonly actors: Set<Mailbox<never, never>>
  /** What it was given. */
  readonly setup: ThreadSetup
  /** Resolves when its loss is known. */
  readonly lost: Promise<void>
  /** Resolves when nothing of it runs any more, and what it held of the Host's slots was given back. */
  readonly exited: Promise<void>
}

interface Entry extends ActorThread {
  readonly worker: WorkerThread
  readonly watchdog: Watchdog | undefined
  readonly lose: () => void
  isStuck: boolean
  known: Gauges
}

export interface ThreadsOptions {
  count: number
  clock: Clock
  openChannel: OpenChannel
  /** Of this system unless given. */
  openThread?: OpenThread
  /** Setup of one more thread, with what must be transferred. */
  setup: () => { setup: ThreadSetup; transfer: MessagePort[] }
  /** Its actors' mailboxes are lost already; `exited` says when what it held may be taken back. */
  onLost: (thread: ActorThread, cause: Error) => void
  /** It does not answer, and is out of placement. With `replace` it is being ended, and its loss follows. */
  onStuck: (thread: ActorThread) => void
  onLatency: (op: string, ms: number) => void
  watchdog: { stuckAfterMs: number; replace: boolean } | undefined
}

/** What all threads hold open, and which of them did not say: what is counted of those is what they said last. */
export interface ThreadGauges extends Gauges {
  silent?: { threadId: number; sinceMs: number }[]
}

export class ActorThreads {
  readonly #options: ThreadsOptions
  readonly #threads = new Map<number, Entry>()
  /** Threads that are being ended and may still run. */
  readonly #ending = new Set<WorkerThread>()
  /** Threads on their way to take the place of lost ones; each gives why it could not be started. */
  readonly #replacements = new Set<Promise<unknown>>()
  readonly #failures = new RestartCount(THREAD_INTENSITY)
  #closing: Promise<string[]> | undefined
  #close: () => void = () => undefined
  readonly #closed = new Promise<void>((resolve) => (this.#close = resolve))

  private constructor(options: ThreadsOptions) {
    this.#options = options
  }

  /** @throws what the provider could not be loaded with */
  static async open(options: ThreadsOptions): Promise<ActorThreads> {
    if (options.openThread === undefined) await preparePool()
    const threads = new ActorThreads(options)
    try {
      await Promise.all(Array.from({ length: options.count }, () => threads.#start()))
    } catch (error) {
      await threads.close(new Promise<void>((resolve) => options.clock.after(FORCED_MS, resolve)))
      throw error
    }
    return threads
  }

  get count(): number {
    return this.#threads.size
  }

  async #start(): Promise<void> {
    const { clock, openChannel } = this.#options
    const { local, remote } = openChannel()
    const { setup, transfer } = this.#options.setup()
    const controller = openMailbox<ControllerRequests, Record<string, never>>(local, { clock, openChannel })
    const open = this.#options.openThread ?? openWorkerThread
    const worker = open({ kind: 'controller', port: remote, setup }, [remote, ...transfer])
    this.#ending.add(worker)
    const exited = worker.exited.then(() => {
      this.#ending.delete(worker)
      // Whoever waits for a slot on another thread must not wait for one that is gone.
      reclaimSlots(setup.operations)
      reclaimSlots(setup.boots)
      controller.lose(new Error('its thread has ended'))
    })
    worker.life.catch((cause: unknown) => controller.lose(cause as Error))
    try {
      await controller.call('ready', {}, { op: 'host.open' }, { timeoutMs: START_MS })
      if (this.#closing !== undefined) throw new ActorLostError({ op: 'host.open', reason: 'the host is closed' })
    } catch (error) {
      void worker.terminate()
      await Promise.race([exited, this.#closed])
      throw error
    }
    this.#ending.delete(worker)
    this.#started(worker, { id: worker.id, controller, actors: new Set(), setup, exited })
  }

  #started(worker: WorkerThread, base: Omit<ActorThread, 'lost'>): void {
    let lose = (): void => undefined
    const lost = new Promise<void>((resolve) => (lose = resolve))
    const known: Gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
    const entry: Entry = { ...base, worker, watchdog: this.#watch(() => entry), lost, lose, isStuck: false, known }
    this.#threads.set(entry.id, entry)
    worker.life.then(
      () => this.#gone(entry, undefined),
      (cause: unknown) => this.#gone(entry, cause as Error),
    )
  }

  #watch(entry: () => Entry): Watchdog | undefined {
    const { watchdog, clock } = this.#options
    if (watchdog === undefined) return undefined
    return new Watchdog({
      clock,
      stuckAfterMs: watchdog.stuckAfterMs,
      isBusy: () => [...entry().actors].some(({ outstanding }) => outstanding > 0),
      ask: () => entry().controller.call('gauges', {}, { op: 'host.watchdog' }),
      onStuck: () => this.#stuck(entry(), watchdog.replace),
      onBack: () => (entry().isStuck = false),
    })
  }

  #stuck(entry: Entry, replace: boolean): void {
    if (this.#threads.get(entry.id) !== entry || this.#closing !== undefined) return
    entry.isStuck = true
    this.#options.onStuck(entry)
    if (replace) {
      const { stuckAfterMs = 0 } = this.#options.watchdog ?? {}
      return this.#gone(entry, new Error(`its thread did not answer for ${stuckAfterMs} ms and was ended`))
    }
    for (const actor of entry.actors) actor.bound(defaultTimeout)
  }

  #gone(entry: Entry, cause: Error | undefined): void {
    if (this.#threads.get(entry.id) !== entry) return
    this.#threads.delete(entry.id)
    entry.watchdog?.end()
    entry.lose()
    const { worker } = entry
    this.#ending.add(worker)
    void entry.exited.then(() => this.#ending.delete(worker))
    if (cause === undefined || this.#closing !== undefined) return
    // The worker may only have failed: nothing of it may run when its actors start again.
    void worker.terminate()
    for (const actor of [...entry.actors]) actor.lose(cause)
    this.#replace(entry.exited)
    // After whoever has the mailboxes knows.
    queueMicrotask(() => this.#options.onLost(entry, cause))
  }

  #replace(after: Promise<void>): void {
    const replacement = this.#startAgain(after)
    this.#replacements.add(replacement)
    void replacement.then(() => this.#replacements.delete(replacement))
  }

  /** Resolves with why there is none, when there is none. */
  async #startAgain(after: Promise<void>): Promise<unknown> {
    await Promise.race([after, this.#closed])
    for (let waitMs = RETRY_MS; ; waitMs *= 2) {
      if (this.#closing !== undefined) return undefined
      try {
        await this.#start()
        return undefined
      } catch (error) {
        if (!this.#failures.take(this.#options.clock.now())) return error
      }
      await Promise.race([new Promise<void>((resolve) => this.#options.clock.after(waitMs, resolve)), this.#closed])
    }
  }

  /**
   * The thread with the fewest actors, waiting for one when none is there. Whoever waits has a time of its own.
   *
   * @throws {ActorLostError} none could be started
   */
  async place(): Promise<ActorThread> {
    let cause: unknown
    for (let isFirst = true; ; isFirst = false) {
      const thread = this.leastLoaded()
      if (thread !== undefined) return thread
      if (this.#closing !== undefined) throw lostPlace('the host is closed', undefined)
      if (this.#replacements.size === 0) {
        // Stuck ones that are not to be replaced may come back; nothing is started beside them.
        if (!isFirst || this.#threads.size > 0) throw lostPlace('no actor thread is left that answers', cause)
        this.#replace(Promise.resolve())
      }
      cause = await Promise.race(this.#replacements)
    }
  }

  /** The thread with the fewest actors; undefined when there is none. */
  leastLoaded(): ActorThread | undefined {
    let best: Entry | undefined
    for (const thread of this.#threads.values()) {
      if (!thread.isStuck && (best === undefined || thread.actors.size < best.actors.size)) best = thread
    }
    return best
  }

  /** Starts an actor on a thread; its mailbox is lost when the thread dies. */
  startActor<R extends RequestMap<R>, E extends NoticeMap<E>>(
    thread: ActorThread,
    task: (port: MessagePort) => ThreadTask,
  ): Mailbox<R, E> {
    const { clock, openChannel, onLatency } = this.#options
    const entry = this.#threads.get(thread.id)
    const { local, remote } = openChannel()
    const mailbox = openMailbox<R, E>(local, {
      clock,
      openChannel,
      onLatency,
      onBusy: () => entry?.watchdog?.wake(),
    })
    if (entry === undefined) {
      mailbox.lose(new Error('its thread was lost'))
      return mailbox
    }
    const actor = mailbox as unknown as Mailbox<never, never>
    entry.actors.add(actor)
    // An actor that ends in order has closed its port: that tells, behind its last answers, which the end of its task may overtake.
    entry.worker.run(task(remote), [remote]).catch((cause: unknown) => mailbox.lose(cause as Error))
    void mailbox.ended.then(() => entry.actors.delete(actor))
    return mailbox
  }

  /** What all threads hold open, added up. A thread that does not answer soon counts as what it said last. */
  async gauges(): Promise<ThreadGauges> {
    const total: ThreadGauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
    const { clock } = this.#options
    const all = await Promise.all(
      [...this.#threads.values()].map(async (entry) => {
        const askedMs = clock.now()
        try {
          if (entry.isStuck) throw new Error('stuck')
          const options = { timeoutMs: GAUGES_MS }
          entry.known = await entry.controller.call('gauges', {}, { op: 'host.stats' }, options)
        } catch {
          const sinceMs = entry.watchdog?.stuckSinceMs ?? askedMs
          ;(total.silent ??= []).push({ threadId: entry.id, sinceMs })
        }
        return entry.known
      }),
    )
    for (const gauges of all) {
      for (const key of ['handles', 'operations', 'sockets', 'queued', 'abandoned'] as const) total[key] += gauges[key]
    }
    return total
  }

  /** Ends every thread: in order when `force` resolves later than they do, else by terminating them. Resolves with those. */
  close(force: Promise<void> = new Promise(() => undefined)): Promise<string[]> {
    this.#closing ??= this.#end(force)
    return this.#closing
  }

  async #end(force: Promise<void>): Promise<string[]> {
    this.#close()
    const running = new Map(this.#threads)
    const orderly = [...running].map(async ([id, thread]) => {
      thread.watchdog?.end()
      // One that is stuck would not hear of it.
      if (!thread.isStuck) await thread.controller.stop()
      running.delete(id)
    })
    await Promise.race([Promise.all(orderly), force])
    const forced = [...running.keys()].map((id) => `thread ${id}`)
    const workers = new Set([...this.#ending, ...[...this.#threads.values()].map(({ worker }) => worker)])
    const ended = Promise.all([...workers].map((worker) => worker.terminate()))
    // What is held in a native call ends when that returns; nobody can make it.
    await Promise.race([
      ended,
      force.then(() => new Promise<void>((resolve) => this.#options.clock.after(FORCED_MS, resolve))),
    ])
    forced.push(
      ...[...workers]
        .filter((worker) => !worker.hasExited)
        .map(({ id }) => `thread ${id}, which is held in a native call`),
    )
    this.#threads.clear()
    return [...new Set(forced)]
  }
}

function lostPlace(reason: string, cause: unknown): ActorLostError {
  const why = cause instanceof Error ? `${reason}; the last could not be started: ${cause.message}` : reason
  return new ActorLostError({ op: 'host.place', reason: why, sent: false, cause })
}
