// 1 GiB through a socket that a worker thread has adopted.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { vsockServiceId } from '#dist/protocol/hvsocket.js'
import { sendAndDigest } from './bulk.js'
import type { Order } from './other-thread.js'
import { FAMILIES, openRig } from './rig.js'

const MIB = 1024 * 1024
const BYTES = 1024 * MIB

for (const family of FAMILIES) {
  describe(`Hyper-V sockets over ${family.name}`, () => {
    it('carry 1 GiB to a worker thread, unchanged, in bounded memory', async () => {
      const rig = await openRig(family)
      const link = rig.acceptor.link()
      const worker = new Worker(new URL('./other-thread.js', import.meta.url), {
        workerData: { link, family: rig.family },
        transferList: [link.port, link.life],
      })
      const order = async (what: Order): Promise<void> => {
        const answered = once(worker, 'message')
        worker.postMessage(what)
        await answered
      }
      const address = { runtimeId: randomUUID(), serviceId: vsockServiceId(1) }
      await order({ do: 'listen', address })
      const [near] = await Promise.all([rig.transport.dial(address), order({ do: 'accept' })])
      const rssBefore = process.memoryUsage.rss()
      const { sent, received, answer } = await sendAndDigest(worker, near, BYTES)
      assert.deepEqual([received.hash, received.bytes, answer], [sent, BYTES, sent])
      // A quarter of what went through: chunks that wait for the collector, never the whole.
      const grown = received.peakRss - rssBefore
      assert.ok(grown < BYTES / 4, `grew by ${Math.round(grown / MIB)} MiB`)
      near.destroy()
      await worker.terminate()
      await rig.close()
    })
  })
}
