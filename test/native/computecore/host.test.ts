// A Host on the double: its threads, its close when HCS never answers, migration sockets.

import assert from 'node:assert/strict'
import type { Host } from '#dist/index.js'
import { laneWidth } from '#dist/native/computecore/lane.js'
import { minimal } from '../../support/documents.js'
import { control, describeDouble, openDouble } from '../../support/double.js'
import { rejection } from '../../support/expect.js'
import { until, useRig } from './rig.js'

describe('computecore: the pool of threads', () => {
  it('always has a thread that no native call holds, when it has more than one', () => {
    assert.deepEqual(
      [undefined, '', 'x', '0', '-3', '1', '2', '64'].map((size) => laneWidth(size)),
      [3, 3, 3, 3, 3, 1, 1, 63],
    )
  })
})

describeDouble('computecore: a Host', () => {
  let host: Host | undefined

  beforeEach(() => control().configure({}))
  afterEach(async () => {
    control().release()
    await host?.close()
    host = undefined
  })

  it('counts its threads, and the handles and operations of the DLL', async () => {
    host = await openDouble({ threads: 2 })
    const vm = await host.createVM('counted', minimal())
    control().configure({ faults: [{ op: 'properties', hold: true }] })
    const reading = vm.propertiesV2([])
    await until(() => control().counters().held === 1)
    const { threads, handles, operations } = await host.stats()
    assert.deepEqual(threads, { actors: 2, service: 1, callback: 1, acceptor: 0, side: 0 })
    assert.deepEqual({ handles, operations }, { handles: 1, operations: 1 })
    control().release()
    await reading
    await host.close()
    assert.deepEqual((await host.stats()).threads, { actors: 0, service: 0, callback: 0, acceptor: 0, side: 0 })
  })

  it('several at once share the callback thread and nothing else', async () => {
    const hosts = await Promise.all([openDouble(), openDouble(), openDouble()])
    const exits: string[] = []
    const vms = await Promise.all(hosts.map((one, n) => one.createVM(`shared-${n}`, minimal())))
    for (const [n, one] of hosts.entries()) one.on('vm-exited', (id) => exits.push(`${n} ${id}`))
    await Promise.all(vms.map((vm) => vm.start()))
    await hosts[1]!.close()
    assert.equal(control().exitAll('GracefulExit'), 2)
    await Promise.all([vms[0]!.wait(), vms[2]!.wait()])
    assert.deepEqual(exits.sort(), ['0 shared-0', '2 shared-2'])
    await Promise.all(hosts.map((one) => one.close()))
  })

  it('closes although an operation never ends, says so, and consumes it when it comes after all', async () => {
    host = await openDouble({ closeTimeoutMs: 100 })
    const vm = await host.createVM('stuck', minimal())
    await vm.start()
    control().configure({ faults: [{ op: 'modify', hold: true }] })
    const change = rejection(vm.updateMemory(512))
    await until(() => control().counters().held === 1)
    const forced: string[] = []
    host.on('close-forced', (what) => forced.push(...what))
    await host.close()
    await change
    assert(forced.includes('1 operations of the compute service') && forced.includes('vm stuck'), forced.join())
    const { handles, operations } = control().counters()
    assert.deepEqual({ handles, operations }, { handles: 0, operations: 1 })
    control().release()
    await until(() => control().counters().operations === 0)
    assert.equal(control().counters().documents, 0)
  })

  it('limits.operations bounds what is at HCS at once', async () => {
    host = await openDouble({ limits: { operations: 3 } })
    const vms = await Promise.all(Array.from({ length: 10 }, (_, n) => host!.createVM(`bounded-${n}`, minimal())))
    await Promise.all(vms.map((vm) => vm.start()))
    control().configure({ faults: [{ op: 'modify', hold: true }] })
    const changes = vms.map((vm) => vm.updateMemory(512))
    for (let done = 0; done < 10;) {
      const expected = Math.min(3, 10 - done)
      await until(() => control().counters().held === expected)
      assert(control().counters().operations <= 3)
      done += control().release()
    }
    await Promise.all(changes)
  })

  context('at the seam', () => {
    const rig = useRig()

    it('a migration socket is added to the operation before the call, by its resource name', async () => {
      const { system } = await rig.running('migrating')
      control().configure({ record: true })
      await system.migrate('initialize-source', '{}')
      await assert.rejects(system.migrate('start-source', '{}'), { hresult: 0x80070057 })
      await system.migrate('start-source', '{"NetworkSettings":{"SessionId":1}}', 0x7fff_1234n)
      await system.migrate('transfer', '{"Origin":"Source"}')
      await system.migrate('cancel', '')
      await assert.rejects(system.migrate('cancel', ''), { hresult: 0x80370105 })
      const calls = control().calls()
      const added = calls.findIndex(({ call }) => call === 'HcsAddResourceToOperation')
      assert.deepEqual(
        calls.slice(added, added + 2).map(({ call, argument }) => [call, argument]),
        [
          ['HcsAddResourceToOperation', 'hcs:/VirtualMachine/LiveMigrationSocket'],
          ['HcsStartLiveMigrationOnSource', '{"NetworkSettings":{"SessionId":1}}'],
        ],
      )
    })

    it('a crash that is asked for is told, and ends the VM', async () => {
      const { system, events } = await rig.running()
      await system.crash!('{"Type":"CrashGuest"}')
      await until(() => events.length === 3)
      assert.deepEqual(
        events.map(({ type }) => type),
        [2, 3, 1],
      )
    })
  })
})
