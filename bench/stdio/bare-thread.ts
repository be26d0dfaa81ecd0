// The bare worker: listens for streams of a guest and transfers their chunks to the main thread, or writes what that transfers.

import type { Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { listenOnce } from './ends.js'

export type ToThread =
  | { key: number; listen: string; direction: 'stdin' | 'stdout' }
  | { key: number; chunk: Uint8Array<ArrayBuffer> | undefined }

export type FromThread = { key: number; what: 'listening' | 'taken' | 'end' } | { key: number; chunk: Uint8Array }

const port = parentPort
if (port === null) throw new Error('this file is the entry of a thread')
const post = (message: FromThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)
const sinks = new Map<number, Promise<Socket>>()

function source(key: number, socket: Socket): void {
  socket.on('data', (chunk: Buffer<ArrayBuffer>) => {
    // A chunk that shares its memory is copied, as nobody else's may be given away.
    const own = chunk.byteLength === chunk.buffer.byteLength ? new Uint8Array(chunk.buffer) : new Uint8Array(chunk)
    post({ key, chunk: own }, [own.buffer])
  })
  socket.once('end', () => {
    socket.destroy()
    post({ key, what: 'end' })
  })
}

port.on('message', (message: ToThread) => {
  const { key } = message
  if ('listen' in message) {
    let arrive: (socket: Socket) => void = () => undefined
    sinks.set(key, new Promise((resolve) => (arrive = resolve)))
    const take = message.direction === 'stdout' ? (socket: Socket) => source(key, socket) : arrive
    void listenOnce(message.listen, take).then(() => post({ key, what: 'listening' }))
    return
  }
  const { chunk } = message
  void sinks.get(key)?.then((socket) => {
    if (chunk !== undefined) socket.write(chunk, () => post({ key, what: 'taken' }))
    else {
      sinks.delete(key)
      socket.resume().end()
    }
  })
})
