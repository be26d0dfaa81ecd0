// What runs the tasks of actor threads: a piscina pool of fixed size. A simulation puts threads of its own in place of it.

import { Piscina } from 'piscina'
import type { MessagePort } from 'node:worker_threads'
import type { ThreadTask } from './contract.js'

const ENTRY = new URL('./entry.js', import.meta.url).href

/** Actors on one thread; there is no reason to stop earlier than memory does. */
const UNBOUNDED_TASKS = 1_000_000

export interface PoolWorker {
  readonly id: number
}

/** The worker that a task goes to; undefined: it waits for one more worker. */
export type Choice = (workers: readonly PoolWorker[]) => PoolWorker | undefined

export interface ThreadPool {
  /** Resolves when the task has ended; rejects when its thread has died, which another one replaces. */
  run(task: ThreadTask, transfer: readonly MessagePort[], choose: Choice): Promise<void>
  /** Terminates every thread. */
  destroy(): Promise<void>
}

export type OpenPool = (count: number) => ThreadPool

/**
 * Whether the process lives is the Host's to say, not that of tasks that never end by themselves. Piscina references a worker's port
 * while the worker has tasks, right after it was chosen; the worker's inside hangs on the chosen object under a symbol.
 */
function unreference(worker: PoolWorker): void {
  for (const symbol of Object.getOwnPropertySymbols(worker)) {
    const inside = (worker as unknown as Record<symbol, { unref?: () => void } | undefined>)[symbol]
    inside?.unref?.()
  }
}

export function openPiscina(count: number): ThreadPool {
  const pool = new Piscina({
    filename: ENTRY,
    minThreads: count,
    maxThreads: count,
    concurrentTasksPerWorker: UNBOUNDED_TASKS,
    idleTimeout: Infinity,
    // The default blocks a worker's event loop whenever it has no task.
    atomics: 'disabled',
    execArgv: [],
    loadBalancer: (task, workers) => {
      const choose = (task as unknown as Record<symbol, Choice | null>)[Piscina.queueOptionsSymbol]
      const chosen = choose?.(workers)
      if (chosen === undefined) return null
      queueMicrotask(() => unreference(chosen))
      return chosen as (typeof workers)[number]
    },
  })
  // A worker that fails without tasks: its loss is noticed through its controller.
  pool.on('error', () => undefined)
  return {
    run: async (task, transfer, choose) => {
      const withChoice = Object.assign(task, { [Piscina.queueOptionsSymbol]: choose })
      await (pool.run(withChoice, { transferList: [...transfer] }) as Promise<void>)
    },
    destroy: () => pool.destroy(),
  }
}
