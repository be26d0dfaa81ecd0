// What the service says of a system, of itself and of all its systems, and what it takes as settings.

import assert from 'node:assert/strict'
import { machineService } from '../../../fakes/machine-service.js'
import { linux, minimal } from '../../../support/documents.js'
import { rejection } from '../../../support/expect.js'

type Members = Record<string, unknown>

async function refused(call: Promise<unknown>, code: number): Promise<void> {
  const { hresult } = await rejection<{ hresult: number }>(call)
  assert.equal(`0x${hresult.toString(16)}`, `0x${code.toString(16)}`)
}

describe('properties at the simulated service', () => {
  async function given(document: object = minimal()) {
    const rig = machineService()
    const { handle } = await rig.create('vm', document)
    const query = async (asked: unknown): Promise<Members> =>
      JSON.parse(await rig.run(handle, 'properties', asked)) as Members
    return { ...rig, handle, query }
  }

  it('sections that do not apply are left out', async () => {
    const { query, run, handle } = await given()
    const all = { PropertyTypes: ['Memory', 'Statistics', 'ProcessList', 'GuestConnection', 'SharedMemoryRegion'] }
    const basic = await query('')
    assert.deepEqual(await query(all), basic)
    await run(handle, 'start')
    const running = await query(all)
    assert.deepEqual(Object.keys(running).slice(-3), ['Memory', 'Statistics', 'SharedMemoryRegionInfo'])
    await run(handle, 'terminate')
    assert.deepEqual(await query(all), { ...basic, State: 'Stopped', Stopped: true, ExitType: 'ForcedExit' })
  })

  it('sections that answer in every state', async () => {
    const { query } = await given()
    const { RuntimeId } = await query('')
    const { SystemGUID, TerminateOnLastHandleClosed } = await query({
      PropertyTypes: ['SystemGUID', 'TerminateOnLastHandleClosed', 'GuestMemory', 'ICHeartbeatStatus'],
    })
    assert.deepEqual([SystemGUID, TerminateOnLastHandleClosed], [RuntimeId, true])
  })

  it('a guest connection of HCS’s own has its sections', async () => {
    const { query, run, handle } = await given(minimal({ GuestConnection: {} }))
    await run(handle, 'start')
    const properties = await query({ PropertyTypes: ['GuestConnection', 'ProcessList'] })
    assert.equal(properties['RuntimeOsType'], 'Windows')
    assert.deepEqual(properties['GuestConnectionInfo'], {
      SupportedSchemaVersions: [{ Major: 2, Minor: 1 }],
      ProtocolVersion: 4,
      GuestDefinedCapabilities: {
        NamespaceAddRequestSupported: true,
        SignalProcessSupported: true,
        DumpStacksSupported: true,
        DeleteContainerStateSupported: true,
        UpdateContainerSupported: true,
      },
    })
    assert((properties['ProcessList'] as unknown[]).length > 0)
  })

  it('statistics move while the VM runs, and its processors stand still while it is paused', async () => {
    const { query, run, handle, clock } = await given()
    await run(handle, 'start')
    interface Statistics {
      Timestamp: string
      ContainerStartTime: string
      Uptime100ns: number
      Processor: { TotalRuntime100ns: number; RuntimeUser100ns: number; RuntimeKernel100ns: number }
    }
    const statistics = async (): Promise<Statistics> =>
      (await query({ PropertyTypes: ['Statistics'] }))['Statistics'] as Statistics
    const first = await statistics()
    clock.advance(1_000)
    const second = await statistics()
    assert.equal(second.Uptime100ns - first.Uptime100ns, 10_000_000)
    assert(second.Processor.TotalRuntime100ns > first.Processor.TotalRuntime100ns)
    const { TotalRuntime100ns: total, RuntimeUser100ns: user, RuntimeKernel100ns: kernel } = second.Processor
    assert.equal(user + kernel, total)
    assert.match(second.Timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/)
    assert.equal(Date.parse(second.Timestamp) - Date.parse(second.ContainerStartTime), 1_000)
    await run(handle, 'pause')
    clock.advance(1_000)
    const paused = await statistics()
    assert.equal(paused.Uptime100ns - second.Uptime100ns, 10_000_000)
    assert.equal(paused.Processor.TotalRuntime100ns, total)
  })

  it('shared memory regions are told as they are now', async () => {
    const { query, run, handle } = await given()
    await run(handle, 'start')
    const region = (RequestType: string, SectionName: string): unknown => ({
      ResourcePath: 'VirtualMachine/Devices/SharedMemory/Regions',
      RequestType,
      Settings: { SectionName, Length: 4096 },
    })
    for (const name of ['a', 'b']) await run(handle, 'modify', region('Add', name))
    await run(handle, 'modify', region('Remove', 'a'))
    const { SharedMemoryRegionInfo: regions } = await query({ PropertyTypes: ['SharedMemoryRegion'] })
    assert.deepEqual(
      (regions as { SectionName: string }[]).map((one) => one.SectionName),
      ['b'],
    )
  })

  it('queries answer under their names, unknown ones with an error, and both forms together', async () => {
    const { query, run, handle } = await given()
    await run(handle, 'start')
    const names = ['Basic', 'CompatibilityInfo', 'VmVersion', 'VmProcessorRequirements', 'Nonsense', '__proto__']
    const text = `{"PropertyTypes":["Memory"],"Queries":{${names.map((name) => `"${name}":null`).join(',')}}}`
    const properties = await query(text)
    assert('Memory' in properties)
    const responses = properties['PropertyResponses'] as Record<
      string,
      { Response?: unknown; Error?: { Error: number } }
    >
    assert.deepEqual(Object.keys(responses), names)
    for (const name of names.slice(0, 4)) assert(responses[name]?.Response !== undefined, name)
    for (const name of names.slice(4)) {
      const { value } = Object.getOwnPropertyDescriptor(responses, name) as { value: { Error: { Error: number } } }
      assert.equal(value.Error.Error, 0x80070057 | 0)
    }
  })

  it('what is no query is refused', async () => {
    const { run, handle } = await given()
    for (const wrong of ['{', '[]', '{"PropertyTypes":["Nonsense"]}', '{"PropertyTypes":5}', '{"Queries":[]}']) {
      await refused(run(handle, 'properties', wrong), 0x8037010d)
    }
  })
})

describe('the simulated service as a whole', () => {
  const service = () => machineService({ processors: 4 }).service
  const ask = (query: unknown, of = service()): Members =>
    JSON.parse(of.serviceProperties(typeof query === 'string' ? query : JSON.stringify(query))) as Members

  const throws = (call: () => unknown, code: number): void => {
    assert.throws(call, (error: { hresult?: number }) => {
      assert.equal(`0x${(error.hresult ?? 0).toString(16)}`, `0x${code.toString(16)}`)
      return true
    })
  }

  it('answers each property type in the order asked', () => {
    const { Properties: answers } = ask({ PropertyTypes: ['CpuGroup', 'Basic', 'ProcessorTopology'] })
    const [groups, basic, topology] = answers as Members[]
    assert.deepEqual(groups, { CpuGroups: [] })
    assert.deepEqual(basic, { SupportedSchemaVersions: [{ Major: 2, Minor: 7 }] })
    assert.equal(topology?.['LogicalProcessorCount'], 4)
    assert.deepEqual((topology?.['LogicalProcessors'] as Members[])[3], {
      LpIndex: 3,
      NodeNumber: 0,
      PackageId: 0,
      CoreId: 3,
      RootVpIndex: 3,
    })
    assert.equal((ask({ PropertyTypes: ['QoSCapabilities', 'Memory'] })['Properties'] as unknown[]).length, 2)
    assert.deepEqual(ask(''), { Properties: [] })
  })

  it('queries have another name than those of a system', () => {
    const { PropertyResponses: responses } = ask({ PropertyQueries: { ProcessorCapabilities: {}, Nonsense: {} } })
    const { ProcessorCapabilities: known, Nonsense: unknown } = responses as Record<string, Members>
    assert('Response' in (known ?? {}))
    assert('Error' in (unknown ?? {}))
    assert.deepEqual(ask({ Queries: { ProcessorCapabilities: {} } }), { Properties: [] })
  })

  it('refuses unknown types and what is no query', () => {
    for (const wrong of [
      '{"PropertyTypes":["Nonsense"]}',
      '{"PropertyTypes":[5]}',
      '{"PropertyTypes":5}',
      '{"PropertyQueries":[]}',
      '[]',
      '{',
    ]) {
      throws(() => ask(wrong), 0x8037010d)
    }
  })

  const GROUP = 'C0FFEE00-1111-2222-3333-444444444444'
  const change = (Operation: string, OperationDetails: unknown): string =>
    JSON.stringify({ PropertyType: 'CpuGroup', Settings: { Operation, OperationDetails } })
  const create = change('CreateGroup', { GroupId: GROUP, LogicalProcessorCount: 2, LogicalProcessors: [0, 1] })

  it('CPU groups are made, given properties, and deleted', () => {
    const one = service()
    one.modifyService(create)
    one.modifyService(change('SetProperty', { GroupId: GROUP, PropertyCode: 65536, PropertyValue: 50 }))
    assert.deepEqual(ask({ PropertyTypes: ['CpuGroup'] }, one)['Properties'], [
      {
        CpuGroups: [
          {
            GroupId: GROUP.toLowerCase(),
            Affinity: { LogicalProcessorCount: 2, LogicalProcessors: [0, 1] },
            GroupProperties: [{ PropertyCode: 65536, PropertyValue: 50 }],
            HypervisorGroupId: 1,
          },
        ],
      },
    ])
    one.modifyService(change('DeleteGroup', { GroupId: GROUP.toLowerCase() }))
    assert.deepEqual(ask({ PropertyTypes: ['CpuGroup'] }, one)['Properties'], [{ CpuGroups: [] }])
  })

  it('settings that are wrong are refused, each with its code, and change nothing', () => {
    const one = service()
    one.modifyService(create)
    const before = JSON.stringify(ask({ PropertyTypes: ['CpuGroup'] }, one))
    const OTHER = GROUP.replace('C0FFEE00', 'C0FFEE01')
    const wrong: [string, number][] = [
      ['', 0x8037010d],
      ['{}', 0x8037010d],
      ['{"PropertyType":"Nonsense"}', 0x8037010d],
      ['{"PropertyType":"ProcessorTopology","Settings":{}}', 0x80070057],
      ['{"PropertyType":"CpuGroup"}', 0x8037010d],
      [change('Explode', { GroupId: GROUP }), 0x8037010d],
      [change('__proto__', { GroupId: GROUP }), 0x8037010d],
      [change('CreateGroup', null), 0x8037010d],
      [change('CreateGroup', { GroupId: 'x', LogicalProcessors: [0] }), 0x8037010d],
      [change('CreateGroup', { GroupId: OTHER, LogicalProcessors: ['0'] }), 0x8037010d],
      [change('CreateGroup', { GroupId: OTHER, LogicalProcessors: [-1] }), 0x8037010d],
      [change('CreateGroup', { GroupId: OTHER, LogicalProcessors: [] }), 0x80070057],
      [change('CreateGroup', { GroupId: OTHER, LogicalProcessors: [4] }), 0x80070057],
      [change('CreateGroup', { GroupId: OTHER, LogicalProcessors: [1, 1] }), 0x80070057],
      [change('CreateGroup', { GroupId: OTHER, LogicalProcessorCount: 2, LogicalProcessors: [1] }), 0x80070057],
      [create, 0x800700b7],
      [change('DeleteGroup', { GroupId: OTHER }), 0x80070490],
      [change('SetProperty', { GroupId: OTHER, PropertyCode: 65536, PropertyValue: 5 }), 0x80070490],
      [change('SetProperty', { GroupId: GROUP, PropertyCode: 5, PropertyValue: 5 }), 0x80070057],
      [change('SetProperty', { GroupId: GROUP, PropertyCode: 65536, PropertyValue: -5 }), 0x8037010d],
    ]
    for (const [settings, code] of wrong) throws(() => one.modifyService(settings), code)
    assert.equal(JSON.stringify(ask({ PropertyTypes: ['CpuGroup'] }, one)), before)
  })

  it('a VM goes from one group to another through none, and a group in use stays', async () => {
    const rig = machineService()
    const second = GROUP.replace('C0FFEE00', 'C0FFEE01')
    for (const GroupId of [GROUP, second]) {
      rig.service.modifyService(change('CreateGroup', { GroupId, LogicalProcessors: [0] }))
    }
    const { handle } = await rig.create('vm')
    await rig.run(handle, 'start')
    const join = (Id: string): Promise<string> =>
      rig.run(handle, 'modify', { ResourcePath: 'VirtualMachine/ComputeTopology/Processor/CpuGroup', Settings: { Id } })
    await join(GROUP)
    await join(GROUP.toLowerCase())
    await refused(join(second), 0x80070057)
    throws(() => rig.service.modifyService(change('DeleteGroup', { GroupId: GROUP })), 0x80370105)
    await join('00000000-0000-0000-0000-000000000000')
    await join(second)
    rig.service.modifyService(change('DeleteGroup', { GroupId: GROUP }))
    await rig.run(handle, 'terminate')
    rig.service.modifyService(change('DeleteGroup', { GroupId: second }))
  })

  it('enumeration: keys combine with AND, values with OR, stopped systems are absent', async () => {
    const rig = machineService()
    const one = await rig.create('one', minimal({}, { Owner: 'a' }))
    await rig.create('Two', minimal({}, { Owner: 'a' }))
    await rig.create('three', linux())
    const { Owner: _, ...unowned } = minimal()
    await rig.create('four', unowned)
    const list = (query: unknown): string[] =>
      (JSON.parse(rig.service.enumerate(query === '' ? '' : JSON.stringify(query))) as { Id: string }[]).map(
        ({ Id }) => Id,
      )
    assert.deepEqual(list(''), ['one', 'Two', 'three', 'four'])
    assert.deepEqual(list({}), list(''))
    assert.deepEqual(list({ Ids: [], Owners: [] }), list(''))
    assert.deepEqual(list({ Owners: ['a'] }), ['one', 'Two'])
    assert.deepEqual(list({ Owners: ['a', 'contract'], Ids: ['three', 'one'] }), ['one', 'three'])
    assert.deepEqual(list({ Ids: ['TWO'] }), [])
    assert.deepEqual(list({ Types: ['VirtualMachine'] }), list(''))
    assert.deepEqual(list({ Types: ['Container'] }), [])
    assert.deepEqual(list({ Names: ['one'] }), [])
    await rig.run(one.handle, 'terminate')
    assert.deepEqual(list({ Owners: ['a'] }), ['Two'])
    for (const wrong of ['[]', '{', '{"Ids":"one"}', '{"Owners":[5]}'])
      throws(() => rig.service.enumerate(wrong), 0x8037010d)
  })

  it('access can be granted before the VM exists, for files that do, and revoked once', () => {
    const one = service()
    one.grantAccess('vm', 'C:\\disks\\a.vhdx')
    throws(() => one.grantAccess('vm', `${process.cwd()}/no-such-file`), 0x80070002)
    one.revokeAccess('vm', 'C:\\disks\\a.vhdx')
    throws(() => one.revokeAccess('vm', 'C:\\disks\\a.vhdx'), 0x80070490)
  })
})
