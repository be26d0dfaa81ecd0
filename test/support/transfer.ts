// Bytes in bulk through a guest process, in both directions: hashed on both sides, with the growth of the process's memory on the way.

import assert from 'node:assert/strict'
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { serveProcess } from '../peer/process.js'
import type { Peer } from '../peer/peer.js'
import type { ScriptedGuest } from './scripted-host.js'

const MIB = 1024 * 1024
const BLOCK_BYTES = 64 * 1024

/** Highest growth of resident memory since it was made, bytes. */
class MemoryWatch {
  readonly #startBytes = process.memoryUsage.rss()
  peakBytes = 0

  sample(): void {
    this.peakBytes = Math.max(this.peakBytes, process.memoryUsage.rss() - this.#startBytes)
  }
}

/** Writes `mib` MiB in which no two blocks are the same. */
async function pour(into: Writable, mib: number, hash: Hash, memory: MemoryWatch): Promise<void> {
  for (let block = 0; block < (mib * MIB) / BLOCK_BYTES; block++) {
    const bytes = Buffer.alloc(BLOCK_BYTES, block & 0xff)
    bytes.writeUInt32LE(block, block % (BLOCK_BYTES - 4))
    hash.update(bytes)
    if (!into.write(bytes)) await once(into, 'drain')
    if (block % 64 === 0) memory.sample()
  }
  into.end()
}

async function drain(from: AsyncIterable<unknown>, hash: Hash): Promise<number> {
  let size = 0
  for await (const chunk of from) {
    hash.update(chunk as Buffer)
    size += (chunk as Buffer).byteLength
  }
  return size
}

/** Sends `mib` MiB out of the guest or into it; fails unless every byte arrives. @returns highest growth of resident memory, bytes */
export async function transfer(
  { guest, path }: ScriptedGuest,
  peer: Peer,
  direction: 'stdin' | 'stdout',
  mib: number,
): Promise<number> {
  const isOut = direction === 'stdout'
  const creating = guest.createProcess({ CommandArgs: ['cat'], CreateStdInPipe: !isOut, CreateStdOutPipe: isOut })
  const served = await serveProcess(peer, path)
  const process = await creating
  const [source, sink] = isOut ? [served.stdout!, process.stdout!] : [process.stdin!, served.stdin!]
  const memory = new MemoryWatch()
  const sent = createHash('sha256')
  const received = createHash('sha256')
  const [, size] = await Promise.all([pour(source, mib, sent, memory), drain(sink, received)])
  assert.equal(size, mib * MIB)
  assert.equal(received.digest('hex'), sent.digest('hex'))
  peer.answer(served.wait, { ExitCode: 0 })
  assert.deepEqual(await process.wait(), { exitCode: 0, known: true })
  served.stdin?.destroy()
  await process.close()
  return memory.peakBytes
}
