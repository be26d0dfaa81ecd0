// Actor threads that are virtual: the real inside of an actor thread, once for each, in the thread of the simulation.

import type { ThreadTask } from '../actors/threads/contract.js'
import { openActorThread, type ThreadSystem } from '../actors/threads/actor-thread.js'
import type { Choice, ThreadPool } from '../actors/threads/pool.js'
import { cloneMessage } from './clone.js'
import { SimulatedPort, simulatedPort } from './ports.js'
import type { Scheduler, VirtualThread } from './scheduler.js'

/** What a pool has of its simulation. */
export interface PoolSurroundings {
  readonly scheduler: Scheduler
  /** Of the Host. */
  readonly main: VirtualThread
  readonly systemOf: (thread: VirtualThread) => ThreadSystem
  /** Told of every task before it starts, with its thread. */
  readonly onTask: (task: ThreadTask, thread: VirtualThread) => void
  /** Closes what a thread that is gone had open. */
  readonly onLost: (thread: VirtualThread) => void
  readonly onEnd: () => void
}

interface Worker {
  readonly id: number
  readonly thread: VirtualThread
  readonly run: (task: ThreadTask) => Promise<void>
  /** Rejects the tasks that have not ended. */
  readonly tasks: Set<(cause: Error) => void>
}

interface Waiting {
  readonly task: ThreadTask
  readonly choose: Choice
  readonly resolve: () => void
  readonly reject: (cause: Error) => void
}

export class SimulatedPool implements ThreadPool {
  readonly #surroundings: PoolSurroundings
  readonly #workers = new Map<number, Worker>()
  readonly #waiting: Waiting[] = []
  readonly #nextId: () => number
  #isDestroyed = false

  /** @param nextId ids of threads are the simulation's, so that no two of them share one */
  constructor(count: number, nextId: () => number, surroundings: PoolSurroundings) {
    this.#surroundings = surroundings
    this.#nextId = nextId
    for (let made = 0; made < count; made++) this.#hire()
  }

  get threadIds(): readonly number[] {
    return [...this.#workers.keys()]
  }

  has(thread: VirtualThread): boolean {
    return [...this.#workers.values()].some((worker) => worker.thread === thread)
  }

  /** See `lose`. */
  loseThread(thread: VirtualThread, cause: Error): void {
    for (const worker of [...this.#workers.values()]) if (worker.thread === thread) this.lose(worker.id, cause)
  }

  #hire(): void {
    const { scheduler, systemOf } = this.#surroundings
    const id = this.#nextId()
    const thread = scheduler.thread(`thread-${id}`)
    this.#workers.set(id, { id, thread, run: openActorThread(systemOf(thread)), tasks: new Set() })
  }

  run(task: ThreadTask, _transfer: readonly unknown[], choose: Choice): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { task, choose, resolve, reject }
      if (this.#isDestroyed) reject(new Error('the pool has ended'))
      else if (!this.#start(waiting)) this.#waiting.push(waiting)
    })
  }

  /** Answers whether there is a thread for it. */
  #start({ task, choose, resolve, reject }: Waiting): boolean {
    const chosen = choose([...this.#workers.values()])
    const worker = chosen === undefined ? undefined : this.#workers.get(chosen.id)
    if (worker === undefined) return false
    const { thread, tasks } = worker
    const { scheduler, main, onTask } = this.#surroundings
    const copy = cloneMessage(task, (value) => {
      if (!(value instanceof SimulatedPort)) return false
      value.thread = thread
      return true
    }) as ThreadTask
    simulatedPort(copy.port).thread = thread
    onTask(copy, thread)
    const way = scheduler.lane(() => main, `end of ${task.kind}`)
    const fail = (cause: Error): void => way.push(() => reject(cause))
    tasks.add(fail)
    const begin = (): void => {
      worker.run(copy).then(
        () => tasks.delete(fail) && way.push(resolve),
        (cause: unknown) => tasks.delete(fail) && fail(cause as Error),
      )
    }
    scheduler.lane(() => thread, `begin of ${task.kind}`).push(begin)
    return true
  }

  /** A thread ends at once, as it does when it throws; another one takes its place. False: there is no such thread. */
  lose(id: number, cause: Error): boolean {
    const worker = this.#workers.get(id)
    if (worker === undefined) return false
    this.#dismiss(worker, cause)
    if (!this.#isDestroyed) this.#hire()
    for (const waiting of this.#waiting.splice(0)) if (!this.#start(waiting)) this.#waiting.push(waiting)
    return true
  }

  #dismiss({ id, thread, tasks }: Worker, cause: Error): void {
    this.#workers.delete(id)
    thread.lose()
    this.#surroundings.onLost(thread)
    for (const fail of tasks) fail(cause)
    tasks.clear()
  }

  destroy(): Promise<void> {
    this.#isDestroyed = true
    for (const worker of [...this.#workers.values()]) this.#dismiss(worker, new Error('the thread was ended'))
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the pool has ended'))
    this.#surroundings.onEnd()
    return new Promise((resolve) => this.#surroundings.main.clock.immediate(resolve))
  }
}
