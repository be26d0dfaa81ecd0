// The other side of every contender: one thread that answers a call with what it was given.

import { expose } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { parentPort, type MessagePort } from 'node:worker_threads'
import { exposeActor } from '#dist/actors/mailbox/expose.js'
import type { Payload, PeerRequests } from './contenders.js'

type Kind = 'ours' | 'bare' | 'comlink'

const serve: Record<Kind, (port: MessagePort) => void> = {
  ours: (port) => {
    exposeActor<PeerRequests, Record<string, never>>(
      port,
      { echo: (input) => input },
      { onStop: () => Promise.resolve() },
    )
  },
  bare: (port) => {
    port.on('message', ({ id, value }: { id: number; value: Payload }) => port.postMessage({ id, value }))
  },
  comlink: (port) => expose({ echo: (input: Payload) => input }, nodeEndpoint(port)),
}

parentPort?.on('message', ({ kind, port }: { kind: Kind; port: MessagePort }) => serve[kind](port))
