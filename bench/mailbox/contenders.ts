// Three ways to call a method in another thread: our mailbox, a bare MessagePort with an id per call, and plain Comlink.

import { releaseProxy, wrap, type Remote } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import { openMailbox } from '#dist/actors/mailbox/caller.js'

/** About as large as an ordinary call: a few short members. */
export interface Payload {
  sequence: number
  path: string
}

export interface PeerRequests {
  echo: { input: Payload; output: Payload }
}

export interface Contender {
  readonly name: 'ours' | 'bare' | 'comlink'
  call(payload: Payload): Promise<Payload>
  close(): Promise<void>
}

const SUBJECT = { op: 'bench.echo' }

function connect(worker: Worker, kind: Contender['name']): MessagePort {
  const { port1, port2 } = new MessageChannel()
  worker.postMessage({ kind, port: port2 }, [port2])
  return port1
}

function ours(worker: Worker): Contender {
  const mailbox = openMailbox<PeerRequests, Record<string, never>>(connect(worker, 'ours'))
  return {
    name: 'ours',
    call: (payload) => mailbox.call('echo', payload, SUBJECT),
    close: () => mailbox.stop(),
  }
}

function bare(worker: Worker): Contender {
  const port = connect(worker, 'bare')
  const pending = new Map<number, (value: Payload) => void>()
  let nextId = 1
  port.on('message', ({ id, value }: { id: number; value: Payload }) => {
    const resolve = pending.get(id)
    pending.delete(id)
    resolve?.(value)
  })
  return {
    name: 'bare',
    call: (value) =>
      new Promise((resolve) => {
        const id = nextId++
        pending.set(id, resolve)
        port.postMessage({ id, value })
      }),
    close: async () => port.close(),
  }
}

function comlink(worker: Worker): Contender {
  const port = connect(worker, 'comlink')
  const proxy: Remote<{ echo(payload: Payload): Payload }> = wrap(nodeEndpoint(port))
  return {
    name: 'comlink',
    call: (payload) => proxy.echo(payload),
    close: async () => {
      proxy[releaseProxy]()
      port.close()
    },
  }
}

/** All of them, against one thread. */
export function openContenders(worker: Worker): Contender[] {
  return [ours(worker), bare(worker), comlink(worker)]
}
