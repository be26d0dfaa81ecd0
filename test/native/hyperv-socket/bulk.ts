// Sends much to a stream that another thread reads and digests.

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Worker } from 'node:worker_threads'
import type { Digest, Order } from './other-thread.js'

const CHUNK_BYTES = 1024 * 1024

export interface Bulk {
  /** Hash of what was sent, and what the other thread says of what it got. */
  sent: string
  received: Digest
  /** What came back on the same stream. */
  answer: string
}

export async function sendAndDigest(worker: Worker, stream: Duplex, bytes: number): Promise<Bulk> {
  const digested = once(worker, 'message') as Promise<[Digest]>
  worker.postMessage({ do: 'digest' } satisfies Order)
  const chunk = randomBytes(CHUNK_BYTES)
  const hash = createHash('sha256')
  for (let done = 0; done < bytes; done += CHUNK_BYTES) {
    // Each chunk differs, so that none can be lost or doubled unseen.
    chunk.writeUInt32LE(done / CHUNK_BYTES)
    const piece = Buffer.from(chunk)
    hash.update(piece)
    if (!stream.write(piece)) await once(stream, 'drain')
  }
  stream.end()
  let answer = ''
  for await (const text of stream.iterator({ destroyOnReturn: false })) answer += String(text)
  const [received] = await digested
  return { sent: hash.digest('hex'), received, answer }
}
