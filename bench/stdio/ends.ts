// Our end of a guest's stream on a Unix socket, in the thread that asks.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export const CHUNK_BYTES = 64 * 1024

/** Listens for the one connection at `path`; `take` is given it. Resolves when it listens. */
export async function listenOnce(path: string, take: (socket: Socket) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true })
  server.once('connection', (socket) => {
    server.close()
    take(socket)
  })
  server.listen(path)
  await once(server, 'listening')
}

/** Chunks until `bytes` are reached. */
export function* chunks(bytes: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let left = bytes; left > 0; left -= CHUNK_BYTES) yield new Uint8Array(Math.min(left, CHUNK_BYTES)).fill(120)
}
