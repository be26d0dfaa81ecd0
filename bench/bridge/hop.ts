// The bare hop: main thread -> port -> thread -> socket -> guest and back, without checks. The thread is bench/bridge/hop-thread.ts.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export interface BareHop {
  call(request: unknown): Promise<unknown>
  close(): Promise<void>
}

/** Its thread listens at `path`, where a guest of its own dials. */
export async function openHop(path: string): Promise<BareHop> {
  const worker = new Worker(new URL('./hop-thread.js', import.meta.url), { workerData: path })
  await once(worker, 'message')
  const pending = new Map<number, (value: unknown) => void>()
  let nextId = 1
  worker.on('message', ({ id, value }: { id: number; value: unknown }) => {
    const resolve = pending.get(id)
    pending.delete(id)
    resolve?.(value)
  })
  return {
    call: (request) =>
      new Promise((resolve) => {
        const id = nextId++
        pending.set(id, resolve)
        worker.postMessage({ id, request })
      }),
    close: async () => {
      const ended = once(worker, 'exit')
      worker.postMessage('close')
      await ended
    },
  }
}
