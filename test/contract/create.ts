// HCS 13.1: create, open, identity.

import assert from 'node:assert/strict'
import { isInvalidState, isNotExist, isNotSupported } from '#dist/index.js'
import { minimal } from '../support/documents.js'
import { refused } from '../support/expect.js'
import { assertNothingOpen, useHost, type VmProvider } from '../support/host.js'

export function createContract(provider: VmProvider): void {
  describe('create, open, identity', () => {
    const test = useHost(provider)

    it('HCS-001 a minimal document creates', async () => {
      const vm = await test.create()
      assert.equal((await test.host.listVMs({ Ids: [vm.id] }))[0]?.State, 'Created')
    })

    it('HCS-002 a second create with one id is refused and leaves the first VM alone', async () => {
      const vm = await test.running()
      const error = await refused(test.host.createVM(vm.id, minimal()), 0x8037010f, 'D')
      assert.equal(isInvalidState(error), false)
      assert.equal((await vm.propertiesV2([])).State, 'Running')
    })

    it('HCS-003 an unknown id cannot be opened', async () => {
      const error = await refused(test.host.openVM(test.id()), 0x8037010e, 'D')
      assert.equal(isNotExist(error), true)
    })

    it('HCS-004 the runtime id is known after create, and the same from open and in enumeration', async () => {
      const vm = await test.create()
      assert.match(vm.runtimeId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      const second = test.keep(await test.host.openVM(vm.id))
      const [listed] = await test.host.listVMs({ Ids: [vm.id] })
      assert.equal(second.runtimeId, vm.runtimeId)
      assert.equal(listed?.RuntimeId, vm.runtimeId)
    })

    it('HCS-005 an id that is a GUID is its own runtime id, whatever its case', async () => {
      const id = '8636363D-C5F9-49AA-B507-3B83F98C0D14'
      const vm = await test.create(minimal(), id)
      assert.equal(vm.id, id)
      assert.equal(vm.runtimeId, id.toLowerCase())
    })

    for (const [id, runtimeId] of [
      ['demo-uvm', 'e3763fcb-854a-5d09-9265-4bd047c8fa88'],
      ['vmlord-b961b64484554b6289e8e70d6e38f181', 'a811a3d9-78e5-5a7d-ba56-4b799c99f150'],
      ['lcow-1', '07af198a-e996-5a64-821b-4f8aacd9d8bc'],
    ] as const) {
      it(`HCS-006 the id ${id} has the runtime id ${runtimeId}`, async () => {
        assert.equal((await test.create(minimal(), id)).runtimeId, runtimeId)
      })
    }

    it('HCS-007 a document with a wrong type is refused with its JSON path', async () => {
      const document = minimal({
        ComputeTopology: { Memory: { SizeInMB: 256 }, Processor: { Count: 'two' as unknown as number } },
      })
      const error = await refused(test.host.createVM(test.id(), document), 0x8037010d, 'R')
      assert.equal(isNotSupported(error), true)
      assert.match(JSON.stringify(error.events), /\$\.VirtualMachine\.ComputeTopology\.Processor\.Count/)
      assert.match(error.message, /Processor\.Count/)
    })

    it('HCS-008 an odd memory size is refused at create', async () => {
      const document = minimal({ ComputeTopology: { Memory: { SizeInMB: 257 }, Processor: { Count: 1 } } })
      await refused(test.host.createVM(test.id(), document), 0x80041008, 'R')
    })

    it('HCS-009 a failed create leaves nothing behind', async () => {
      const id = test.id()
      await refused(
        test.host.createVM(id, { VirtualMachine: {}, Container: {} }),
        0x8037010d,
        'A',
        provider.assumptionsHold,
      )
      assert.deepEqual(await test.host.listVMs({ Ids: [id] }), [])
      await assertNothingOpen(test.host)
      await test.create(minimal(), id)
    })

    it('HCS-011 two handles on one VM are independent', async () => {
      const first = await test.running()
      const second = await test.host.openVM(first.id)
      await second.close()
      assert.equal((await first.propertiesV2([])).State, 'Running')
      await first.pause()
      const third = test.keep(await test.host.openVM(first.id))
      await first.close()
      await third.resume()
      assert.equal((await third.propertiesV2([])).State, 'Running')
    })
  })
}
