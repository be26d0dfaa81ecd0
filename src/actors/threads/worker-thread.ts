// One worker thread, with a piscina pool to itself: so it can be ended alone, its end can be seen, and what starts in its place starts
// afresh. (A pool of several stops replacing its workers for good once one of them has died while it started; what waits there then waits
// for ever.)

import type { Piscina } from 'piscina'
import type { MessagePort } from 'node:worker_threads'
import { ownFile, poolMissing } from '../../native/own-file.js'
import { THREAD_LIMITS } from '../../native/thread-limits.js'
import type { ThreadTask } from './contract.js'

/** Loaded when the first thread is wanted: in a bundle that has it inside this fails, and fails whoever asks rather than the program. */
let pool: typeof Piscina | undefined

/** Once before any thread is opened. @throws {ProviderUnavailableError} it cannot be loaded, or the program was bundled without its threads */
export async function preparePool(): Promise<void> {
  entry()
  try {
    pool ??= (await import('piscina')).Piscina
  } catch (cause) {
    throw poolMissing(cause)
  }
}

function entry(): string {
  const from = 'actors/threads/worker-thread.js'
  return ownFile({ from, base: import.meta.url, file: './entry.js' }).url.href
}

/** Actors on one thread; there is no reason to stop earlier than memory does. */
const UNBOUNDED_TASKS = 1_000_000

/**
 * Whether the process lives is the Host's to say, not that of tasks that never end by themselves. Piscina references a worker's port
 * while the worker has tasks, right after it was chosen; the worker's inside hangs on the chosen object under a symbol.
 */
function unreference(worker: object): void {
  for (const symbol of Object.getOwnPropertySymbols(worker)) {
    const inside = (worker as Record<symbol, { unref?: () => void } | undefined>)[symbol]
    inside?.unref?.()
  }
}

/** One thread, which runs many tasks at a time. A simulation puts one of its own in place of it. */
export interface WorkerThread {
  readonly id: number
  /** Of the first task: settles with it, rejects when the thread dies. */
  readonly life: Promise<void>
  /** Resolves when nothing of it runs any more. */
  readonly exited: Promise<void>
  readonly hasExited: boolean
  /** Resolves when the task has ended; rejects when the thread dies. */
  run(task: ThreadTask, transfer: MessagePort[]): Promise<void>
  /** Ends it, and resolves when it has ended; one that is held in a native call ends when that returns. */
  terminate(): Promise<void>
}

/** @param first what it is to do before anything else */
export type OpenThread = (first: ThreadTask, transfer: MessagePort[]) => WorkerThread

class PiscinaThread implements WorkerThread {
  readonly id: number
  readonly life: Promise<void>
  readonly exited: Promise<void>
  hasExited = false
  readonly #pool: Piscina

  constructor(first: ThreadTask, transfer: MessagePort[]) {
    this.#pool = new pool!({
      filename: entry(),
      // Its worker starts with the first task, and no other ever takes its place.
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: UNBOUNDED_TASKS,
      idleTimeout: Infinity,
      recordTiming: false,
      // The default blocks a worker's event loop whenever it has no task.
      atomics: 'disabled',
      execArgv: [],
      resourceLimits: THREAD_LIMITS,
      loadBalancer: (_task, [worker]) => {
        if (worker === undefined) return null
        queueMicrotask(() => unreference(worker))
        return worker
      },
    })
    // A worker that fails without tasks: its end shows in its exit.
    this.#pool.on('error', () => undefined)
    this.life = this.run(first, transfer)
    this.life.catch(() => undefined)
    const worker = this.#pool.threads[0]!
    this.id = worker.threadId
    this.exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.hasExited = true
        // Rejects what still waited for its start.
        void this.#pool.destroy().finally(resolve)
      })
    })
  }

  run(task: ThreadTask, transferList: MessagePort[]): Promise<void> {
    return this.#pool.run(task, { transferList }) as Promise<void>
  }

  async terminate(): Promise<void> {
    await this.#pool.destroy()
    await this.exited
  }
}

export const openWorkerThread: OpenThread = (first, transfer) => new PiscinaThread(first, transfer)
