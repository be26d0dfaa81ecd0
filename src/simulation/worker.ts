// An actor thread that is virtual: the real inside of an actor thread, in the thread of the simulation.

import type { MessagePort } from 'node:worker_threads'
import { openActorThread, type ThreadSystem } from '../actors/threads/actor-thread.js'
import type { ThreadTask } from '../actors/threads/contract.js'
import type { WorkerThread } from '../actors/threads/worker-thread.js'
import { cloneMessage } from './clone.js'
import { SimulatedPort, simulatedPort } from './ports.js'
import type { Scheduler, VirtualThread } from './scheduler.js'

/** What a thread has of its simulation. */
export interface WorkerSurroundings {
  readonly scheduler: Scheduler
  /** Of the Host. */
  readonly main: VirtualThread
  readonly systemOf: (thread: VirtualThread) => ThreadSystem
  /** Told of every task before it starts, with its thread. */
  readonly onTask: (task: ThreadTask, thread: VirtualThread) => void
  /** Once: closes what it had open. */
  readonly onEnd: (worker: SimulatedWorker) => void
}

export class SimulatedWorker implements WorkerThread {
  readonly id: number
  readonly thread: VirtualThread
  readonly life: Promise<void>
  readonly exited: Promise<void>
  hasExited = false
  readonly #surroundings: WorkerSurroundings
  readonly #inside: (task: ThreadTask) => Promise<void>
  /** Rejects the tasks that have not ended. */
  readonly #tasks = new Set<(cause: Error) => void>()
  #settleExited: () => void = () => undefined

  constructor(id: number, first: ThreadTask, surroundings: WorkerSurroundings) {
    const { scheduler, systemOf } = surroundings
    this.id = id
    this.#surroundings = surroundings
    this.thread = scheduler.thread(`thread-${id}`)
    this.#inside = openActorThread(systemOf(this.thread))
    this.exited = new Promise((resolve) => (this.#settleExited = resolve))
    this.life = this.run(first)
    this.life.catch(() => undefined)
  }

  run(task: ThreadTask, _transfer?: readonly MessagePort[]): Promise<void> {
    if (this.hasExited) return Promise.reject(new Error('the thread has ended'))
    const { thread } = this
    const { scheduler, main, onTask } = this.#surroundings
    const copy = cloneMessage(task, (value) => {
      if (!(value instanceof SimulatedPort)) return false
      value.thread = thread
      return true
    }) as ThreadTask
    simulatedPort(copy.port).thread = thread
    onTask(copy, thread)
    return new Promise((resolve, reject) => {
      const way = scheduler.lane(() => main, `end of ${task.kind}`)
      const fail = (cause: Error): void => way.push(() => reject(cause))
      this.#tasks.add(fail)
      const begin = (): void => {
        this.#inside(copy).then(
          () => this.#tasks.delete(fail) && way.push(resolve),
          (cause: unknown) => this.#tasks.delete(fail) && fail(cause as Error),
        )
      }
      scheduler.lane(() => thread, `begin of ${task.kind}`).push(begin)
    })
  }

  /** It ends at once, as it does when it throws. */
  lose(cause: Error): void {
    if (this.hasExited) return
    this.hasExited = true
    this.thread.lose()
    this.#surroundings.onEnd(this)
    for (const fail of this.#tasks) fail(cause)
    this.#tasks.clear()
    // Its end is seen behind that of its tasks.
    this.#surroundings.main.clock.immediate(() => this.#settleExited())
  }

  async terminate(): Promise<void> {
    this.lose(new Error('the thread was ended'))
    await this.exited
  }
}
