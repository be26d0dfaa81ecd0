// The Host's calls that concern the compute service as a whole: what they send, what they refuse, what they answer.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AbortError, Host, InvalidConfigError, InvalidStateError, isNotExist, type schema } from '#dist/index.js'
import { minimal } from '../support/documents.js'
import { pending, refused, rejectsWith } from '../support/expect.js'
import { useHost } from '../support/host.js'

const GROUP = 'C0FFEE00-1111-2222-3333-444444444444'

describe('Host: the service as a whole', () => {
  describe('what is sent', () => {
    let host: Host

    before(async () => {
      const module = new URL('../fakes/recording-provider.js', import.meta.url)
      host = await Host.open({ threads: 1, provider: { module } })
    })
    after(() => host.close())

    it('exactly the documents given: no query is none, keys in order, nothing added', async () => {
      const settings = {
        PropertyType: 'CpuGroup',
        Settings: { Operation: 'CreateGroup', OperationDetails: { GroupId: GROUP, LogicalProcessors: [0, 1] } },
      }
      await host.listVMs()
      await host.listVMs({})
      await host.listVMs({ Ids: ['a', 'b'], Types: ['VirtualMachine'] })
      await host.listVMs({ Owners: ['me'], Names: [] })
      await host.modifyServiceSettings(settings)
      await host.grantVMAccess('vm 1', 'C:\\a b\\disk.vhdx')
      await host.revokeVMAccess('vm 1', 'C:\\a b\\disk.vhdx')
      await host.serviceProperties({})
      const asked = await host.serviceProperties({
        PropertyTypes: ['Basic', 'ProcessorTopology'],
        PropertyQueries: { ProcessorCapabilities: {} },
      })
      assert.deepEqual(asked, [
        ['enumerate', ''],
        ['enumerate', ''],
        ['enumerate', '{"Ids":["a","b"],"Types":["VirtualMachine"]}'],
        ['enumerate', '{"Owners":["me"],"Names":[]}'],
        ['modifyService', JSON.stringify(settings)],
        ['grantAccess', 'vm 1', 'C:\\a b\\disk.vhdx'],
        ['revokeAccess', 'vm 1', 'C:\\a b\\disk.vhdx'],
        ['serviceProperties', '{}'],
        [
          'serviceProperties',
          '{"PropertyTypes":["Basic","ProcessorTopology"],"PropertyQueries":{"ProcessorCapabilities":{}}}',
        ],
      ])
    })

    it('nothing, when an argument is wrong', async () => {
      const before = (await host.serviceProperties({})) as unknown[]
      const objects = [null, 'text', 5, true, [], { deep: () => 'x' }] as never[]
      const bad: (() => Promise<unknown>)[] = [
        ...objects.flatMap((value) => [
          () => host.listVMs(value),
          () => host.serviceProperties(value),
          () => host.modifyServiceSettings(value),
        ]),
        () => host.serviceProperties(undefined as never),
        () => host.modifyServiceSettings(undefined),
        ...['x', [5], {}, null].map((Ids) => () => host.listVMs({ Ids } as never)),
        () => host.listVMs({ Owners: 'me' } as never),
        ...['', 5, undefined, 'a\0', '\udc00'].flatMap((value) => [
          () => host.grantVMAccess(value as never, 'C:\\f'),
          () => host.revokeVMAccess('vm', value as never),
        ]),
        () => host.listVMs({}, { timeoutMs: 0 }),
        () => host.grantVMAccess('vm', 'C:\\f', { signal: 5 } as never),
      ]
      for (const call of bad) await rejectsWith(call(), InvalidConfigError)
      const after = (await host.serviceProperties({})) as unknown[]
      assert.equal(after.length, before.length + 1)
    })

    it('nothing, once the host is closed', async () => {
      const closed = await Host.open({ threads: 1, simulated: {} })
      await closed.close()
      const calls = [
        closed.listVMs(),
        closed.serviceProperties({}),
        closed.modifyServiceSettings({}),
        closed.grantVMAccess('vm', 'C:\\f'),
        closed.revokeVMAccess('vm', 'C:\\f'),
      ]
      for (const call of calls) assert.equal((await rejectsWith(call, InvalidStateError)).state, 'closed')
    })
  })

  describe('what the simulated service answers', () => {
    const test = useHost(undefined, { processors: 4 })

    it('HCS-019 listVMs combines keys with AND and the values of one with OR', async () => {
      const [one, two, three] = [test.id(), test.id(), test.id()]
      await test.create(minimal({}, { Owner: 'first' }), one)
      await test.running(minimal({}, { Owner: 'first' }), two)
      await test.create(minimal({}, { Owner: 'second' }), three)
      const list = async (query?: Parameters<Host['listVMs']>[0]): Promise<string[]> =>
        (await test.host.listVMs(query)).map(({ Id }) => Id).sort()
      const all = [one, two, three].sort()
      assert.deepEqual(await list(), all)
      assert.deepEqual(await list({}), all)
      assert.deepEqual(await list({ Ids: [one, three, 'nobody'] }), [one, three].sort())
      assert.deepEqual(await list({ Owners: ['first', 'second'] }), all)
      assert.deepEqual(await list({ Owners: ['first'], Ids: [two, three] }), [two])
      assert.deepEqual(await list({ Types: ['VirtualMachine'], Owners: ['second'] }), [three])
      assert.deepEqual(await list({ Types: ['Container'] }), [])
      assert.deepEqual(await list({ Ids: [] }), all)
      const [created] = await test.host.listVMs({ Ids: [one] })
      const [running] = await test.host.listVMs({ Ids: [two] })
      assert.equal(created?.State, 'Created')
      assert.equal(running?.State, 'Running')
      assert.match(running?.RuntimeId ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    })

    it('listVMs leaves out a VM that has exited, though its handle is open', async () => {
      const vm = await test.running()
      await vm.terminate()
      assert.deepEqual(await test.host.listVMs({ Ids: [vm.id] }), [])
    })

    it('tells its schema versions and processors, in the order asked', async () => {
      const answer = (await test.host.serviceProperties({
        PropertyTypes: ['ProcessorTopology', 'Basic'],
      })) as { Properties: [schema.ProcessorTopology, { SupportedSchemaVersions: unknown[] }] }
      const [topology, basic] = answer.Properties
      assert.deepEqual(basic.SupportedSchemaVersions, [{ Major: 2, Minor: 7 }])
      assert.equal(topology.LogicalProcessorCount, 4)
      assert.deepEqual(
        topology.LogicalProcessors?.map(({ LpIndex }) => LpIndex),
        [0, 1, 2, 3],
      )
    })

    it('keeps CPU groups: created, listed, given a property, used, deleted', async () => {
      const modify = (Operation: string, OperationDetails: object): Promise<void> =>
        test.host.modifyServiceSettings({ PropertyType: 'CpuGroup', Settings: { Operation, OperationDetails } })
      const groups = async (): Promise<schema.CpuGroupConfig[]> => {
        const { Properties } = (await test.host.serviceProperties({ PropertyTypes: ['CpuGroup'] })) as {
          Properties: [{ CpuGroups: schema.CpuGroupConfig[] }]
        }
        return Properties[0].CpuGroups
      }
      assert.deepEqual(await groups(), [])
      await modify('CreateGroup', { GroupId: GROUP, LogicalProcessorCount: 2, LogicalProcessors: [0, 1] })
      await refused(modify('CreateGroup', { GroupId: GROUP, LogicalProcessors: [0] }), 0x800700b7)
      await modify('SetProperty', { GroupId: GROUP, PropertyCode: 65_536, PropertyValue: 50 })
      const [group] = await groups()
      assert.equal(group?.GroupId, GROUP.toLowerCase())
      assert.deepEqual(group.Affinity?.LogicalProcessors, [0, 1])
      assert.deepEqual(group.GroupProperties, [{ PropertyCode: 65_536, PropertyValue: 50 }])
      const vm = await test.running()
      await vm.setCPUGroup({ Id: GROUP })
      await refused(modify('DeleteGroup', { GroupId: GROUP }), 0x80370105)
      await vm.setCPUGroup({ Id: '00000000-0000-0000-0000-000000000000' })
      await modify('DeleteGroup', { GroupId: GROUP })
      assert.equal(isNotExist(await refused(modify('DeleteGroup', { GroupId: GROUP }), 0x80070490)), true)
      assert.deepEqual(await groups(), [])
    })

    it('grants and revokes access to a file before the VM exists; a missing file is told by its code', async function () {
      if (process.platform === 'win32') this.skip()
      const directory = await mkdtemp(join(tmpdir(), 'access-'))
      try {
        const path = join(directory, 'disk.vhdx')
        const error = await refused(test.host.grantVMAccess('later', path), 0x80070002)
        assert.equal(error.op, 'host.grantVMAccess')
        assert.equal(error.id, 'later')
        await writeFile(path, '')
        await test.host.grantVMAccess('later', path)
        await test.host.revokeVMAccess('later', path)
      } finally {
        await rm(directory, { recursive: true })
      }
    })
  })

  describe('while the service does not answer for one VM', () => {
    it('lists, looks at and changes the others, whatever slots there are', async () => {
      const faults = [{ op: 'modify', id: 'stuck', never: true }] as const
      const host = await Host.open({
        provider: 'simulated',
        threads: 2,
        limits: { operations: 1 },
        closeTimeoutMs: 1,
        simulated: { faults: [...faults] },
      })
      const [stuck, other] = [await host.createVM('stuck', minimal()), await host.createVM('other', minimal())]
      await other.start()
      const abort = new AbortController()
      const never = stuck.updateMemory(256, { signal: abort.signal })
      never.catch(() => undefined)
      while ((await host.stats()).operations < 1) await new Promise((resolve) => setImmediate(resolve))
      const waiting = other.updateMemory(256)
      const ids = (await host.listVMs()).map(({ Id }) => Id)
      assert.deepEqual(ids.sort(), ['other', 'stuck'])
      assert.equal(((await other.propertiesV2([])) as { State?: string }).State, 'Running')
      await host.serviceProperties({})
      assert.equal(await pending(waiting), true)
      abort.abort()
      await rejectsWith(never, AbortError)
      await waiting
      const { operations, abandoned } = await host.stats()
      assert.deepEqual([operations, abandoned], [1, 1])
      await host.close()
    })
  })
})
