// A worker thread with a transport of its own: does what it is told, and answers with a message each.

import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { parentPort, workerData } from 'node:worker_threads'
import type { HvSocketEndpoint, HvSocketListener, HvSocketTransport } from '#dist/native/hvsocket.js'
import openFamily, { type FamilySetup } from './family-module.js'

export type Order =
  /** Answers 'listening'. */
  | { do: 'listen'; address: HvSocketEndpoint }
  /** Takes one connection; answers 'accepted' and keeps it. */
  | { do: 'accept' }
  /** Asks for one connection, answers 'asked', and blocks the thread for good: what is offered is never taken. */
  | { do: 'ask-and-block' }
  /** Reads the connection to its end, answers with its hash and the most memory seen, and ends its own side with the hash. */
  | { do: 'digest' }
  /** Throws where nobody catches. */
  | { do: 'throw' }
  | { do: 'exit' }

export interface Digest {
  hash: string
  bytes: number
  peakRss: number
}

const port = parentPort!
const transport = (await openFamily(workerData as FamilySetup)) as HvSocketTransport
let listener: HvSocketListener | undefined
let stream: Duplex | undefined

async function digest(from: Duplex): Promise<Digest> {
  const hash = createHash('sha256')
  let bytes = 0
  let peakRss = 0
  for await (const chunk of from.iterator({ destroyOnReturn: false })) {
    hash.update(chunk as Uint8Array)
    bytes += (chunk as Uint8Array).length
    peakRss = Math.max(peakRss, process.memoryUsage.rss())
  }
  const result = { hash: hash.digest('hex'), bytes, peakRss }
  from.end(result.hash)
  return result
}

port.on('message', (order: Order) => {
  switch (order.do) {
    case 'listen':
      void transport.listen(order.address).then((made) => {
        listener = made
        port.postMessage('listening')
      })
      return
    case 'accept':
      void listener!.accept().then((accepted) => {
        stream = accepted
        port.postMessage('accepted')
      })
      return
    case 'ask-and-block':
      void listener!.accept()
      port.postMessage('asked')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      return
    case 'digest':
      void digest(stream!).then((result) => port.postMessage(result))
      return
    case 'throw':
      setImmediate(() => {
        throw new Error('the actor thread fails')
      })
      return
    case 'exit':
      process.exit(3)
  }
})
