// HCS 13.2: state and queries.

import assert from 'node:assert/strict'
import { HcsError, isAlreadyClosed, InvalidStateError } from '#dist/index.js'
import { minimal } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'
import { useHost, type VmProvider } from '../support/host.js'

export function stateContract(provider: VmProvider): void {
  describe('state and queries', () => {
    const test = useHost(provider)

    it('HCS-012 before start the properties have no State, and the list says Created', async () => {
      const vm = await test.create()
      assert.equal('State' in (await vm.propertiesV2([])), false)
      assert.equal((await test.host.listVMs({ Ids: [vm.id] }))[0]?.State, 'Created')
      assert.equal(await vm.startedTime(), undefined)
    })

    it('HCS-013 after start the state is Running and the started time is set', async () => {
      const before = Date.now()
      const vm = await test.running()
      assert.equal((await vm.propertiesV2([])).State, 'Running')
      const started = await vm.startedTime()
      assert(started instanceof Date && started.getTime() >= before - 1 && started.getTime() <= Date.now() + 1)
      assert.equal(await vm.stoppedTime(), undefined)
      await vm.terminate()
      assert((await vm.stoppedTime())! >= started)
      assert.deepEqual(await vm.startedTime(), started)
    })

    it('HCS-014 an empty list asks for the basic properties', async () => {
      const vm = await test.running()
      const basic = await vm.propertiesV2([])
      assert.equal(basic.Id, vm.id)
      assert.equal(basic.SystemType, 'VirtualMachine')
      assert.equal(basic.Owner, 'contract')
      assert.deepEqual(await vm.propertiesV3({}), basic)
    })

    it('HCS-015 memory pages times 4096 are the configured size', async () => {
      const vm = await test.running()
      const { Memory: memory } = await vm.propertiesV2(['Memory'])
      assert.equal(Number(memory?.VirtualMachineMemory?.AssignedMemory) * 4096, 256 * 1024 * 1024)
    })

    it('HCS-016 a query for two types returns both', async () => {
      const vm = await test.running()
      const properties = await vm.propertiesV2(['Memory', 'Statistics'])
      assert(properties.Memory !== undefined && properties.Statistics !== undefined)
    })

    it('HCS-017 the query form answers under the asked name', async () => {
      const vm = await test.running()
      const { PropertyResponses: responses } = await vm.propertiesV3({ Queries: { CompatibilityInfo: null } })
      assert.deepEqual(Object.keys(responses ?? {}), ['CompatibilityInfo'])
      assert('Response' in (responses!['CompatibilityInfo'] as object))
    })

    it('HCS-019 enumeration by owner lists exactly that owner, never-started systems included', async () => {
      const mine = await test.create(minimal({}, { Owner: 'owner one' }))
      const running = await test.running(minimal({}, { Owner: 'owner one' }))
      await test.create(minimal({}, { Owner: 'owner two' }))
      const listed = await test.host.listVMs({ Owners: ['owner one'] })
      assert.deepEqual(new Set(listed.map((entry) => entry.Id)), new Set([mine.id, running.id]))
      assert.deepEqual(await test.host.listVMs({ Owners: ['owner one'], Ids: [mine.id] }), [
        { Id: mine.id, SystemType: 'VirtualMachine', Owner: 'owner one', RuntimeId: mine.runtimeId, State: 'Created' },
      ])
      assert.deepEqual(await test.host.listVMs({ Owners: ['owner one'], Types: ['Container'] }), [])
    })

    it('HCS-020 ids that are no GUIDs do not break the listing', async () => {
      const ids = ['plain', 'with space', 'ünï-😀', '{braced}', '__proto__']
      for (const id of ids) await test.create(minimal(), id)
      assert.deepEqual(new Set((await test.host.listVMs({ Ids: ids })).map((entry) => entry.Id)), new Set(ids))
    })

    it('HCS-021 properties after the exit say stopped; after close they are refused here', async () => {
      const vm = await test.running()
      await vm.terminate()
      assert.equal((await vm.propertiesV2([])).Stopped, true)
      await vm.close()
      const error = await rejectsWith(vm.propertiesV2([]), InvalidStateError)
      assert.equal(error.state, 'closed')
      assert.equal(isAlreadyClosed(error), true)
    })

    it('refuses an unknown property type with the code of an invalid document', async () => {
      const vm = await test.running()
      const error = await rejectsWith(vm.propertiesV2(['Nonsense']), HcsError)
      if (provider.assumptionsHold) assert.equal(error.hresultName, 'HCS_E_INVALID_JSON')
    })

    it('statistics move while the VM runs', async () => {
      const vm = await test.running()
      const first = (await vm.propertiesV2(['Statistics'])).Statistics
      let second = first
      while (second?.Uptime100ns === first?.Uptime100ns) second = (await vm.propertiesV2(['Statistics'])).Statistics
      assert(Number(second?.Uptime100ns) > Number(first?.Uptime100ns))
    })
  })
}
