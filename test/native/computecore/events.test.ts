// HCS 13.3 and 13.7 where it needs the DLL: events, their order, and what is no event.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { OperationSystemMigrationNotificationInfo } from '#dist/protocol/schema/index.js'
import { minimal } from '../../support/documents.js'
import { control, DOUBLE, describeDouble } from '../../support/double.js'
import { useHost } from '../../support/host.js'
import { until, useRig } from './rig.js'

describeDouble('computecore: events', () => {
  context('at the seam', () => {
    const rig = useRig()

    it('come in causal order, with their documents, and the exit once', async () => {
      const { system, events } = await rig.running('ordered')
      for (let n = 0; n < 100; n++) control().announce('ordered', 2, JSON.stringify({ n, text: '😀' }))
      await system.terminate('')
      await until(() => events.length === 101)
      assert.deepEqual(
        events.slice(0, 100).map(({ type, data }) => [type, JSON.parse(data).n]),
        Array.from({ length: 100 }, (_, n) => [2, n]),
      )
      assert.equal(events[100]?.type, 1)
      assert.equal(JSON.parse(events[100].data).ExitType, 'ForcedExit')
    })

    it('a null document is an empty one, and types are read unsigned', async () => {
      const { events } = await rig.running('null')
      control().announce('null', 0x80000003, null)
      control().announce('null', 0xc0000001, '')
      await until(() => events.length === 2)
      assert.deepEqual(events, [
        { type: 0x80000003, data: '' },
        { type: 0xc0000001, data: '' },
      ])
    })

    it('nothing comes once the closing of the handle has begun', async () => {
      const { system, events } = await rig.running('closing')
      control().configure({ faults: [{ op: 'close', callMs: 50 }], record: true })
      const closing = system.close()
      await until(() =>
        control()
          .calls()
          .some(({ call }) => call === 'HcsCloseComputeSystem'),
      )
      const { callbacks } = control().counters()
      control().announce('closing', 2, '{}')
      await closing
      assert.equal(control().counters().callbacks, callbacks + 1, 'the DLL still called back')
      assert.deepEqual(events, [])
    })
  })

  context('at the VM', () => {
    const test = useHost(DOUBLE)

    it('HCS-093 a null migration notification is an empty one, a malformed one is dropped', async () => {
      const vm = await test.running()
      const seen: OperationSystemMigrationNotificationInfo[] = []
      const reading = (async () => {
        for await (const info of vm.migrationNotifications()) seen.push(info)
      })()
      control().announce(vm.id, 0x80000003, null)
      control().announce(vm.id, 0x80000003, '{"Event":')
      control().announce(vm.id, 0x80000003, '{"Event":"SetupDone"}')
      await until(() => seen.length === 2)
      await vm.terminate()
      await reading
      assert.deepEqual(seen, [{}, { Event: 'SetupDone' }])
    })

    it('HCS-094 events of an unknown type are ignored', async () => {
      const vm = await test.running()
      for (const type of [0, 4, 5, 0x7fffffff, 0xffffffff]) control().announce(vm.id, type, 'no JSON')
      assert.equal((await vm.propertiesV2([])).State, 'Running')
    })

    it('a crash is told with its document, then the exit, which is unexpected', async () => {
      control().configure({ faults: [{ op: 'modify', crash: true, fail: 0x80370110 }] })
      const vm = await test.running()
      const crashed = once(vm as never, 'crash-report')
      await assert.rejects(vm.updateMemory(512))
      assert.deepEqual(await crashed, [{ CrashLog: 'the guest panicked' }])
      const exit = await vm.wait()
      assert.equal(exit.exitType, 'UnexpectedExit')
      assert.equal(exit.error?.hresult, 0xc0370106)
      control().configure({})
    })

    it('HCS-041 a service disconnect fails the waiters, and later calls at once', async () => {
      const vm = await test.running(minimal())
      const waiting = vm.wait()
      waiting.catch(() => undefined)
      control().announce(vm.id, 0x02000000, null)
      await assert.rejects(waiting, { hresult: 0x8037011e })
      await assert.rejects(vm.pause(), { hresult: 0x8037011e })
    })
  })
})
