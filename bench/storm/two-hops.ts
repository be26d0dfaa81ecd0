// Two bare hops: main thread -> thread -> thread and back, as far as a change of a VM travels, without anything being done.

import { MessageChannel, Worker } from 'node:worker_threads'

export interface TwoHops {
  call(value: unknown): Promise<unknown>
  close(): Promise<void>
}

export function openTwoHops(): TwoHops {
  const entry = new URL('./two-hops-thread.js', import.meta.url)
  const { port1, port2 } = new MessageChannel()
  const near = new Worker(entry, { workerData: { next: port1 }, transferList: [port1] })
  const far = new Worker(entry, { workerData: { echo: port2 }, transferList: [port2] })
  const pending = new Map<number, (value: unknown) => void>()
  let nextId = 1
  near.on('message', ({ id, value }: { id: number; value: unknown }) => {
    const resolve = pending.get(id)
    pending.delete(id)
    resolve?.(value)
  })
  return {
    call: (value) =>
      new Promise((resolve) => {
        const id = nextId++
        pending.set(id, resolve)
        near.postMessage({ id, value })
      }),
    close: async () => {
      await Promise.all([near.terminate(), far.terminate()])
    },
  }
}
