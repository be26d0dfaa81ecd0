// Hyper-V sockets' code path with real threads: adoption in other threads than the accepting one, and the end of either.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { HvSocketEndpoint, HvSocketListener } from '#dist/native/hvsocket.js'
import { vsockServiceId } from '#dist/protocol/hvsocket.js'
import { rejection } from '../../support/expect.js'
import { sendAndDigest } from './bulk.js'
import type { Order } from './other-thread.js'
import { FAMILIES, openRig, openSockets, type Rig } from './rig.js'

type Coded = Error & { code: string }

const MIB = 1024 * 1024

for (const family of FAMILIES) {
  describe(`Hyper-V sockets between threads, over ${family.name}`, () => {
    let rig: Rig
    let address: HvSocketEndpoint
    let before: number | undefined
    let workers: Worker[]

    beforeEach(async () => {
      before = openSockets()
      workers = []
      rig = await openRig(family)
      address = { runtimeId: randomUUID(), serviceId: vsockServiceId(1) }
    })
    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.terminate()))
      await rig.close()
      assert.equal(openSockets(), before, 'sockets were left open')
    })

    /** A thread with a transport of its own. */
    function startThread(): Worker {
      const link = rig.acceptor.link()
      const worker = new Worker(new URL('./other-thread.js', import.meta.url), {
        workerData: { link, family: rig.family },
        transferList: [link.port, link.life],
      })
      worker.on('error', () => undefined)
      workers.push(worker)
      return worker
    }

    /** Gives an order and waits for its answer. */
    async function order<T = string>(worker: Worker, what: Order): Promise<T> {
      const answer = once(worker, 'message') as Promise<[T]>
      worker.postMessage(what)
      return (await answer)[0]
    }

    /** The address is free once the acceptor thread has noticed that its owner is gone. */
    async function listenWhenFree(): Promise<HvSocketListener> {
      for (;;) {
        const listener = await rig.transport.listen(address).catch((error: Coded) => {
          if (error.code !== 'EADDRINUSE') throw error
        })
        if (listener !== undefined) return listener
      }
    }

    it('carries 32 MiB through a socket adopted in a worker thread, and its answer back', async function () {
      const worker = startThread()
      await order(worker, { do: 'listen', address })
      const [near] = await Promise.all([rig.transport.dial(address), order(worker, { do: 'accept' })])
      const { sent, received, answer } = await sendAndDigest(worker, near, 32 * MIB)
      assert.deepEqual([received.hash, received.bytes, answer], [sent, 32 * MIB, sent])
      near.destroy()
    })

    it('opens and closes 200 listeners, each with a connection, and leaves no socket open', async () => {
      const counted = openSockets()
      const addresses = Array.from({ length: 200 }, (_, port) => ({ ...address, serviceId: vsockServiceId(port) }))
      const listeners = await Promise.all(addresses.map((each) => rig.transport.listen(each)))
      if (counted !== undefined) assert.equal(openSockets(), counted + 200)
      for (const [n, listener] of listeners.entries()) {
        const [near, far] = await Promise.all([rig.transport.dial(addresses[n]!), listener.accept()])
        const ends = [near, far].map((stream) => once(stream, 'close'))
        near.destroy()
        far.destroy()
        await Promise.all(ends)
      }
      await Promise.all(listeners.map((listener) => listener.close()))
      assert.equal(openSockets(), counted)
    })

    for (const how of ['terminate', 'throw', 'exit'] as const) {
      it(`closes what a thread had when it ends by ${how}: listener, accepted stream, waiting accept`, async () => {
        const worker = startThread()
        await order(worker, { do: 'listen', address })
        const [near] = await Promise.all([rig.transport.dial(address), order(worker, { do: 'accept' })])
        worker.postMessage({ do: 'accept' } satisfies Order)
        const gone = new Promise((resolve) => near.once('close', resolve))
        near.resume()
        near.once('end', () => near.destroy())
        const exited = new Promise((resolve) => worker.once('exit', resolve))
        if (how === 'terminate') void worker.terminate()
        else worker.postMessage({ do: how } satisfies Order)
        await Promise.all([exited, gone])
        const listener = await listenWhenFree()
        await listener.close()
      })
    }

    it('closes a socket that was offered to a thread that died before it took it', async () => {
      const worker = startThread()
      await order(worker, { do: 'listen', address })
      await order(worker, { do: 'ask-and-block' })
      const near = await rig.transport.dial(address)
      const counted = openSockets()
      const gone = new Promise((resolve) => near.once('close', resolve))
      near.resume()
      near.once('end', () => near.destroy())
      await worker.terminate()
      await gone
      const listener = await listenWhenFree()
      // In place of the listener, the offer and the stream: one listener.
      if (counted !== undefined) assert.ok(openSockets()! < counted)
      await listener.close()
    })

    it('leaves the listeners of other threads alone when one dies', async () => {
      const listener = await rig.transport.listen(address)
      const other = { ...address, serviceId: vsockServiceId(2) }
      const worker = startThread()
      await order(worker, { do: 'listen', address: other })
      const accepting = listener.accept()
      await worker.terminate()
      const near = await rig.transport.dial(address)
      const far = await accepting
      far.end('still here')
      near.resume()
      await once(near, 'end')
      near.destroy()
      far.destroy()
    })

    it('ends: accepts fail, listening is refused, its thread and sockets are gone', async () => {
      const listener = await rig.transport.listen(address)
      const accepting = rejection<Error>(listener.accept())
      assert.equal(rig.acceptor.threads, 1)
      await rig.acceptor.close()
      assert.equal(rig.acceptor.threads, 0)
      assert.match((await accepting).message, /the acceptor thread has ended/)
      assert.match((await rejection<Error>(rig.transport.listen(address))).message, /the acceptor thread has ended/)
      await listener.close()
      await rig.acceptor.close()
    })
  })
}

describe('a process with an acceptor thread', () => {
  for (const [how, code] of [
    ['exit', 7],
    ['throw', 1],
    ['natural', 10],
  ] as const) {
    it(`ends with its own exit code, ${how}, and warns of nothing`, async function () {
      const program = fileURLToPath(new URL('./ending.js', import.meta.url))
      const end = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
        const child = execFile(process.execPath, ['--pending-deprecation', program, how], (_error, _stdout, stderr) =>
          resolve({ code: child.exitCode, stderr }),
        )
      })
      assert.equal(end.code, code, end.stderr)
      assert.doesNotMatch(end.stderr, /DEP0111/)
    })
  }
})
