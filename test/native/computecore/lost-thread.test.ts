// An actor thread that dies with operations in flight: what it had opened and asked for outlives it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ActorLostError, type Host, type UtilityVM } from '#dist/index.js'
import type { HcsEvent } from '#dist/native/hcs.js'
import { minimal } from '../../support/documents.js'
import { control, describeDouble, openDouble } from '../../support/double.js'
import { rejectsWith } from '../../support/expect.js'
import type { DyingThreadData } from './dying-thread.js'
import { until, useRig } from './rig.js'

const COUNT = 50

describeDouble('computecore: a lost actor thread', () => {
  context('at the seam', () => {
    const rig = useRig({ faults: [{ op: 'modify', hold: true }], record: true })

    /** A thread that has COUNT systems with an operation in flight on each. */
    async function givenThread(): Promise<{ worker: Worker; tokens: string[] }> {
      const port = rig.service.port()
      const worker = new Worker(new URL('./dying-thread.js', import.meta.url), {
        workerData: { port, count: COUNT } satisfies DyingThreadData,
        transferList: [port],
      })
      worker.on('error', () => undefined)
      const [tokens] = (await once(worker, 'message')) as [string[]]
      await until(() => control().counters().held === COUNT)
      return { worker, tokens }
    }

    const deaths: Record<string, (worker: Worker) => void> = {
      'by an exception': (worker) => worker.postMessage('throw'),
      'by process.exit': (worker) => worker.postMessage('exit'),
      'by terminate': (worker) => void worker.terminate(),
    }

    for (const [how, kill] of Object.entries(deaths)) {
      it(`dies ${how} with ${COUNT} operations in flight: the completions are consumed, no document leaks`, async () => {
        const { worker } = await givenThread()
        const exited = new Promise((resolve) => worker.once('exit', resolve))
        kill(worker)
        await exited
        assert.equal(rig.service.counts().operations, COUNT)
        assert.equal(control().release(), COUNT)
        await until(() => rig.service.counts().operations === 0)
        const { operations, documents, handles } = control().counters()
        assert.deepEqual({ operations, documents, handles }, { operations: 0, documents: 0, handles: COUNT })
      })
    }

    it('dies in the middle of its calls, again and again', async () => {
      control().configure({})
      for (let round = 0; round < 8; round++) {
        const port = rig.service.port()
        const worker = new Worker(new URL('./dying-thread.js', import.meta.url), {
          workerData: { port, count: 10_000 } satisfies DyingThreadData,
          transferList: [port],
        })
        worker.on('error', () => undefined)
        const calls = control().counters().calls
        await until(() => control().counters().calls > calls + 10 * round)
        await worker.terminate()
        // Its ids are free again for the next one only when its handles are closed.
        await until(() => rig.service.counts().operations === 0)
        const left = JSON.parse(await rig.provider.enumerate('')) as { Id: string }[]
        for (const { Id: id } of left) {
          // What was being created when the thread died is ended by the call thread itself, at the same time.
          const system = await rig.provider.openSystem(id, () => undefined).catch(() => undefined)
          await system?.terminate('').catch(() => undefined)
          await system?.close()
        }
      }
      assert.equal(rig.service.counts().documents, 0)
    })

    it('HCS-095 the new owner gets the events of the handle, those meanwhile first, by the one registration', async () => {
      const { worker, tokens } = await givenThread()
      // Whether the thread dies before or after it gets them, nobody can say; what it has not handled is not lost.
      const exited = worker.terminate()
      for (let n = 0; n < 20; n++) control().announce('dying-0', 2, `${n}`)
      await exited
      control().announce('dying-0', 2, '"kept"')
      const events: HcsEvent[] = []
      const system = await rig.provider.adoptSystem(tokens[0]!, (event) => events.push(event))
      await until(() => events.at(-1)?.data === '"kept"')
      const all = [...Array.from({ length: 20 }, (_, n) => `${n}`), '"kept"']
      assert.deepEqual(
        events.map(({ data }) => data),
        all.slice(-events.length),
      )
      assert.equal(system.token, tokens[0])
      control().release()
      await system.terminate('')
      await until(() => events.at(-1)?.type === 1)
      await system.close()
      const registrations = control()
        .calls()
        .filter(({ call, id }) => call.includes('Callback') && id === 'dying-0')
      assert.equal(registrations.length, 1)
    })

    it('a change of the new owner waits for what the old one had begun; a property read does not', async () => {
      const { worker, tokens } = await givenThread()
      await worker.terminate()
      const system = await rig.provider.adoptSystem(tokens[0]!, () => undefined)
      let paused = false
      const pausing = system.pause('').then(() => (paused = true))
      assert.equal(JSON.parse(await system.properties('')).State, 'Running')
      assert.equal(paused, false)
      control().release()
      await pausing
      assert.equal(JSON.parse(await system.properties('')).State, 'Paused')
      await system.close()
    })

    it('a system whose creation ends after its thread does not stay', async () => {
      control().configure({ faults: [{ op: 'create', hold: true }] })
      const port = rig.service.port()
      const worker = new Worker(new URL('./dying-thread.js', import.meta.url), {
        workerData: { port, count: 1 } satisfies DyingThreadData,
        transferList: [port],
      })
      await until(() => control().counters().held === 1)
      await worker.terminate()
      await rig.provider.serviceProperties('')
      assert.equal(control().release(), 1)
      await until(() => rig.service.counts().handles === 0)
      assert.deepEqual(JSON.parse(await rig.provider.enumerate('')), [])
    })
  })

  context('under a Host', () => {
    let host: Host

    beforeEach(async () => {
      control().configure({})
      host = await openDouble({ threads: 1 })
    })

    it(`a thread terminated with ${COUNT} modifications in flight: each call settles, nothing is left`, async () => {
      // Whatever thread the Host starts: the last one is an actor thread, and here the only one.
      await host.close()
      const workers: Worker[] = []
      const note = (worker: Worker): void => void workers.push(worker)
      process.on('worker', note)
      host = await openDouble({ threads: 1, limits: { operations: COUNT } })
      process.off('worker', note)
      const vms: UtilityVM[] = []
      for (let n = 0; n < COUNT; n++) {
        const vm = await host.createVM(`lost-${n}`, minimal())
        await vm.start()
        vms.push(vm)
      }
      control().configure({ faults: [{ op: 'modify', hold: true }] })
      const changes = vms.map((vm) => rejectsWith(vm.updateMemory(512), ActorLostError))
      await until(() => control().counters().held === COUNT)
      const lost = once(host as never, 'thread-lost')
      await workers.at(-1)?.terminate()
      await lost
      await Promise.all(changes)
      assert.equal((await host.stats()).operations >= COUNT, true, 'the ledger still knows them')
      // The slots of the lost thread are free again, as soon as there is another thread.
      const create = (): Promise<boolean> =>
        host.createVM('afterwards', minimal()).then(
          () => true,
          () => false,
        )
      await until(create)
      assert.equal(control().release(), COUNT)
      await until(async () => (await host.stats()).operations === 0)
      assert.equal(control().counters().documents, 0)
    })

    afterEach(async () => {
      control().release()
      await host.close()
    })
  })
})
