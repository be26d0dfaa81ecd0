// What reaches the compute service for each method, byte for byte, and what is refused before anything is sent.

import assert from 'node:assert/strict'
import { InvalidConfigError, InvalidStateError, type schema, type UtilityVM } from '#dist/index.js'
import { HOST_METHODS, type HostMethod } from '#dist/protocol/host-modifications/index.js'
import { rejectsWith } from '../../support/expect.js'
import { useFakeVms } from '../../fakes/vm.js'

const GUID = '5E0A8F7E-90a7-4d3c-a9b8-0c5d0f1c2b3a'
const PIPE = '\\\\.\\pipe\\a b\\"c"'
const nic: schema.NetworkAdapter = { EndpointId: 'e', MacAddress: '00-15-5D-00-00-01' }
const disk: schema.Attachment = { Type: 'VirtualDisk', Path: 'C:\\d.vhdx', ReadOnly: false }
const pci: schema.VirtualPciDevice = { Functions: [{ DeviceInstancePath: 'PCIP\\VEN_10DE', VirtualFunction: 0 }] }
const plan9: schema.Plan9Share = { Name: '0', AccessName: '0', Path: 'C:\\data', Port: 564, Flags: 0 }
const service: schema.HvSocketServiceConfig = { ConnectSecurityDescriptor: '', AllowWildcardBinds: false }
const pmem: schema.VirtualPMemDevice = { HostPath: 'C:\\p.vhd', ReadOnly: true, ImageFormat: 'Vhd1' }
const mapping: schema.VirtualPMemMapping = { HostPath: 'C:\\m.vhd', ImageFormat: 'Vhd1' }
const vsmb: schema.VirtualSmbShare = { Name: 's1', Path: 'C:\\data', Options: { ReadOnly: true } }

const DEVICES = 'VirtualMachine/Devices'
const SCSI_1 = `${DEVICES}/Scsi/0110f83b-de10-5172-a266-78bca56bf50a/Attachments/7`
const TABLE = `${DEVICES}/HvSocket/HvSocketConfig/ServiceTable`
const PROCESSOR = 'VirtualMachine/ComputeTopology/Processor'

type Row = [call: (vm: UtilityVM) => Promise<void>, method: HostMethod, request: Record<string, unknown>]

/** Key order is part of it: the documents go to a service that logs and compares them as text. */
const ROWS: Row[] = [
  [(vm) => vm.addNIC('n1', nic), 'addNIC', add(`${DEVICES}/NetworkAdapters/n1`, nic)],
  [(vm) => vm.removeNIC('n1'), 'removeNIC', remove(`${DEVICES}/NetworkAdapters/n1`)],
  [(vm) => vm.removeNIC('n1', nic), 'removeNIC', { ...remove(`${DEVICES}/NetworkAdapters/n1`), Settings: nic }],
  [(vm) => vm.updateNIC('n1', nic), 'updateNIC', update(`${DEVICES}/NetworkAdapters/n1`, nic)],
  [(vm) => vm.updateNIC('n1', {}), 'updateNIC', update(`${DEVICES}/NetworkAdapters/n1`, {})],
  [(vm) => vm.addSCSIDisk(disk, 1, 7), 'addSCSIDisk', add(SCSI_1, disk)],
  [(vm) => vm.removeSCSIDisk(1, 7), 'removeSCSIDisk', remove(SCSI_1)],
  [(vm) => vm.addDevice(GUID, pci), 'addDevice', add(`${DEVICES}/VirtualPci/${GUID.toLowerCase()}`, pci)],
  [(vm) => vm.removeDevice(GUID), 'removeDevice', remove(`${DEVICES}/VirtualPci/${GUID.toLowerCase()}`)],
  [(vm) => vm.addPipe(PIPE), 'addPipe', { ResourcePath: `${DEVICES}/MappedPipes/${PIPE}`, RequestType: 'Add' }],
  [(vm) => vm.removePipe('\\\\.\\pipe\\a/b'), 'removePipe', remove(`${DEVICES}/MappedPipes/\\\\.\\pipe\\a/b`)],
  [(vm) => vm.addPlan9(plan9), 'addPlan9', add(`${DEVICES}/Plan9/Shares`, plan9)],
  [(vm) => vm.removePlan9(plan9), 'removePlan9', { ...remove(`${DEVICES}/Plan9/Shares`), Settings: plan9 }],
  [(vm) => vm.updateHvSocketService(GUID, service), 'updateHvSocketService', update(`${TABLE}/${GUID}`, service)],
  [(vm) => vm.removeHvSocketService(`{${GUID}}`), 'removeHvSocketService', remove(`${TABLE}/{${GUID}}`)],
  [(vm) => vm.addVPMemDevice(0, pmem), 'addVPMemDevice', add(`${DEVICES}/VirtualPMem/Devices/0`, pmem)],
  [(vm) => vm.removeVPMemDevice(127), 'removeVPMemDevice', remove(`${DEVICES}/VirtualPMem/Devices/127`)],
  [
    (vm) => vm.addVPMemMapping(3, 8192, mapping),
    'addVPMemMapping',
    add(`${DEVICES}/VirtualPMem/Devices/3/Mappings/8192`, mapping),
  ],
  [
    (vm) => vm.removeVPMemMapping(3, 8192),
    'removeVPMemMapping',
    remove(`${DEVICES}/VirtualPMem/Devices/3/Mappings/8192`),
  ],
  [(vm) => vm.addVSMB(vsmb), 'addVSMB', add(`${DEVICES}/VirtualSmb/Shares`, vsmb)],
  [
    (vm) => vm.removeVSMB({ Name: 's1' }),
    'removeVSMB',
    { ...remove(`${DEVICES}/VirtualSmb/Shares`), Settings: { Name: 's1' } },
  ],
  [
    (vm) => vm.setCPUGroup({ Id: 'g' }),
    'setCPUGroup',
    { ResourcePath: `${PROCESSOR}/CpuGroup`, Settings: { Id: 'g' } },
  ],
  [
    (vm) => vm.updateCPULimits({ Limit: 50_000, Weight: 0 }),
    'updateCPULimits',
    { ResourcePath: `${PROCESSOR}/Limits`, Settings: { Limit: 50_000, Weight: 0 } },
  ],
  [
    (vm) => vm.updateMemory(2048),
    'updateMemory',
    { ResourcePath: 'VirtualMachine/ComputeTopology/Memory/SizeInMB', Settings: 2048 },
  ],
]

function add(path: string, settings: object): Record<string, unknown> {
  return { ResourcePath: path, RequestType: 'Add', Settings: settings }
}

function update(path: string, settings: object): Record<string, unknown> {
  return { ResourcePath: path, RequestType: 'Update', Settings: settings }
}

function remove(path: string): Record<string, unknown> {
  return { ResourcePath: path, RequestType: 'Remove' }
}

describe('requests of the VM managers', () => {
  const make = useFakeVms()

  for (const [call, method, request] of ROWS) {
    const path = String(request['ResourcePath'])
    it(`HCS-058 ${method} sends ${request['RequestType'] ?? 'no type'} for ${path}`, async () => {
      const { vm, provider } = await make()
      await call(vm)
      assert.deepEqual(
        provider.calls.map(({ op, argument }) => [op, argument]),
        [['modify', JSON.stringify(request)]],
      )
    })
  }

  it('HCS-058 covers every modification there is', () => {
    assert.deepEqual(new Set(ROWS.map(([, method]) => method)), new Set(Object.keys(HOST_METHODS)))
  })

  it('HCS-058 a request of the caller’s own goes as given: path, type, settings of any kind', async () => {
    const { vm, provider } = await make()
    await vm.modify({ ResourcePath: 'A/{x}', RequestType: 'PreAdd', Settings: { Zeta: 0, Path: undefined, Alpha: '' } })
    await vm.modify({ ResourcePath: 'A', RequestType: undefined, Settings: 18_446_744_073_709_551_615n })
    await vm.modify({ ResourcePath: 'A', Settings: null })
    await vm.modify({ ResourcePath: 'A' })
    assert.deepEqual(
      provider.calls.map(({ argument }) => argument),
      [
        '{"ResourcePath":"A/{x}","RequestType":"PreAdd","Settings":{"Zeta":0,"Alpha":""}}',
        '{"ResourcePath":"A","Settings":18446744073709551615}',
        '{"ResourcePath":"A","Settings":null}',
        '{"ResourcePath":"A"}',
      ],
    )
  })

  it('a request of the caller’s own with a mistake is refused, and nothing is sent', async () => {
    const { vm, provider } = await make()
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const path = { ResourcePath: 'A' }
    const mistakes: [request: unknown, path: string][] = [
      [undefined, 'request'],
      [null, 'request'],
      ['A', 'request'],
      [[], 'request'],
      [{}, 'ResourcePath'],
      [{ ResourcePath: '' }, 'ResourcePath'],
      [{ ResourcePath: 5 }, 'ResourcePath'],
      [{ ResourcePath: '\ud800' }, 'ResourcePath'],
      [{ ...path, RequestType: 'add' }, 'RequestType'],
      [{ ...path, RequestType: null }, 'RequestType'],
      [{ ...path, Setting: {} }, 'Setting'],
      [{ ...path, GuestRequest: {} }, 'GuestRequest'],
      [{ ...path, Settings: { a: Symbol('x') } }, '$.a'],
      [{ ...path, Settings: () => undefined }, '$'],
    ]
    for (const [request, where] of mistakes) {
      const error = await rejectsWith(vm.modify(request as never), InvalidConfigError)
      assert.equal(error.path, where, String(error))
    }
    await rejectsWith(vm.modify({ ...path, Settings: cyclic }), InvalidConfigError)
    assert.deepEqual(provider.calls, [])
  })

  it('HCS-059 the four controllers have their GUIDs in the path', async () => {
    const { vm, provider } = await make()
    for (const controller of [0, 1, 2, 3]) await vm.removeSCSIDisk(controller, 63)
    assert.deepEqual(
      provider.calls.map(({ argument }) => /Scsi\/(.*)\/Attachments\/63"/.exec(argument)?.[1]),
      [
        'df6d0690-79e5-55b6-a5ec-c1e2f77f580a',
        '0110f83b-de10-5172-a266-78bca56bf50a',
        'b5d2d8d4-3a75-51bf-945b-3444dc6b8579',
        '305891a9-b251-5dfe-91a2-c25d9212275b',
      ],
    )
  })

  it('HCS-071 a pipe path arrives as it was given, and brings no Settings key', async () => {
    const { vm, provider } = await make()
    await vm.addPipe('\\\\.\\pipe\\containerd-log')
    assert.equal(
      provider.calls[0]?.argument,
      '{"ResourcePath":"VirtualMachine/Devices/MappedPipes/\\\\\\\\.\\\\pipe\\\\containerd-log","RequestType":"Add"}',
    )
  })

  it('settings go in schema order; undefined is left out, 0, false and empty stay, unknown members end up last', async () => {
    const { vm, provider } = await make()
    const given = { Zeta: 1, ReadOnly: false, Path: '', IgnoreFlushes: undefined, Type: 'Iso' }
    await vm.addSCSIDisk(given as schema.Attachment, 0, 0)
    assert.match(provider.calls[0]!.argument, /"Settings":\{"Type":"Iso","Path":"","ReadOnly":false,"Zeta":1\}\}$/)
  })

  it('integers beyond 2^53 go with their value', async () => {
    const { vm, provider } = await make()
    await vm.updateCPULimits({ Limit: 18_446_744_073_709_551_615n })
    assert.match(provider.calls[0]!.argument, /"Limit":18446744073709551615/)
  })

  it('asks for the basic properties with no query, and sends queries in schema order', async () => {
    const { vm, provider } = await make()
    await vm.propertiesV2([])
    await vm.propertiesV2(['Memory', 'Statistics'])
    await vm.propertiesV3({})
    await vm.propertiesV3({ Queries: { CompatibilityInfo: null }, PropertyTypes: ['ProcessList'] })
    assert.deepEqual(
      provider.calls.map(({ argument }) => argument),
      [
        '',
        '{"PropertyTypes":["Memory","Statistics"]}',
        '{}',
        '{"PropertyTypes":["ProcessList"],"Queries":{"CompatibilityInfo":null}}',
      ],
    )
  })

  it('save sends the options whole, to a file and as a template; start, pause and resume send none', async () => {
    const { vm, provider } = await make()
    await vm.start()
    await vm.pause()
    await vm.save({ SaveStateFilePath: 'C:\\vm\\state.vmrs', SaveType: 'ToFile' })
    await vm.save({ SaveType: 'AsTemplate' })
    await vm.save({})
    await vm.resume()
    await vm.shutdown()
    assert.deepEqual(
      provider.calls.map(({ op, argument }) => [op, argument]),
      [
        ['start', ''],
        ['pause', ''],
        ['save', '{"SaveType":"ToFile","SaveStateFilePath":"C:\\\\vm\\\\state.vmrs"}'],
        ['save', '{"SaveType":"AsTemplate"}'],
        ['save', '{}'],
        ['resume', ''],
        ['shutdown', '{"Mechanism":"IntegrationService"}'],
      ],
    )
  })
})

describe('arguments of the VM managers', () => {
  const make = useFakeVms()
  const names: unknown[] = ['', 5, null, undefined, {}, 'a\0b', '\ud800', 'x\udc00']
  const objects: unknown[] = [undefined, null, 'text', 5, true, [], () => undefined]
  const numbers: unknown[] = [-1, 0.5, NaN, Infinity, '0', null, undefined, 2 ** 53, 1n]
  const guids: unknown[] = [...names, 'g', `${GUID}0`, `{${GUID}`, GUID.replaceAll('-', '')]
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const unserialisable: unknown[] = [
    circular,
    { Path: () => 'x' },
    { Path: Symbol('x') },
    { Port: NaN },
    Object.defineProperty({}, 'Path', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    }),
  ]

  /** Calls that must be refused here, for one bad value each, and the path that the error names. */
  type Bad = [what: string, path: string, values: unknown[], call: (vm: UtilityVM, bad: never) => Promise<unknown>]
  const cases: Bad[] = [
    ['addNIC', 'nicId', [...names, 'a/b'], (vm, bad) => vm.addNIC(bad, nic)],
    ['removeNIC', 'nicId', [...names, '/'], (vm, bad) => vm.removeNIC(bad)],
    ['updateNIC', 'nicId', [...names, 'a/'], (vm, bad) => vm.updateNIC(bad, nic)],
    ['addSCSIDisk', 'controller', [4, ...numbers], (vm, bad) => vm.addSCSIDisk(disk, bad, 0)],
    ['removeSCSIDisk', 'controller', [4, ...numbers], (vm, bad) => vm.removeSCSIDisk(bad, 0)],
    ['addSCSIDisk', 'lun', numbers, (vm, bad) => vm.addSCSIDisk(disk, 0, bad)],
    ['removeSCSIDisk', 'lun', numbers, (vm, bad) => vm.removeSCSIDisk(0, bad)],
    ['addDevice', 'vmbusGuid', guids, (vm, bad) => vm.addDevice(bad, pci)],
    ['removeDevice', 'vmbusGuid', guids, (vm, bad) => vm.removeDevice(bad)],
    ['addPipe', 'hostPath', names, (vm, bad) => vm.addPipe(bad)],
    ['removePipe', 'hostPath', names, (vm, bad) => vm.removePipe(bad)],
    ['updateHvSocketService', 'serviceId', guids, (vm, bad) => vm.updateHvSocketService(bad, service)],
    ['removeHvSocketService', 'serviceId', guids, (vm, bad) => vm.removeHvSocketService(bad)],
    ['addVPMemMapping', 'offset', numbers, (vm, bad) => vm.addVPMemMapping(0, bad, mapping)],
    ['removeVPMemMapping', 'id', numbers, (vm, bad) => vm.removeVPMemMapping(bad, 0)],
    ['addVPMemDevice', 'id', numbers, (vm, bad) => vm.addVPMemDevice(bad, pmem)],
    ['removeVPMemDevice', 'id', numbers, (vm, bad) => vm.removeVPMemDevice(bad)],
    ['updateMemory', 'sizeInMB', ['512', NaN, Infinity, null, undefined, {}], (vm, bad) => vm.updateMemory(bad)],
    ['addNIC', 'settings', objects, (vm, bad) => vm.addNIC('n', bad)],
    ['removeNIC', 'settings', objects.slice(1), (vm, bad) => vm.removeNIC('n', bad)],
    ['updateNIC', 'settings', objects, (vm, bad) => vm.updateNIC('n', bad)],
    ['addSCSIDisk', 'settings', objects, (vm, bad) => vm.addSCSIDisk(bad, 0, 0)],
    ['addDevice', 'settings', objects, (vm, bad) => vm.addDevice(GUID, bad)],
    ['addPlan9', 'settings', objects, (vm, bad) => vm.addPlan9(bad)],
    ['removePlan9', 'settings', objects, (vm, bad) => vm.removePlan9(bad)],
    ['updateHvSocketService', 'settings', objects, (vm, bad) => vm.updateHvSocketService(GUID, bad)],
    ['addVPMemDevice', 'settings', objects, (vm, bad) => vm.addVPMemDevice(0, bad)],
    ['addVSMB', 'settings', objects, (vm, bad) => vm.addVSMB(bad)],
    ['removeVSMB', 'settings', objects, (vm, bad) => vm.removeVSMB(bad)],
    ['setCPUGroup', 'settings', objects, (vm, bad) => vm.setCPUGroup(bad)],
    ['updateCPULimits', 'settings', objects, (vm, bad) => vm.updateCPULimits(bad)],
    ['save', 'settings', objects, (vm, bad) => vm.save(bad)],
    ['propertiesV2', 'types', [undefined, null, 'Memory', [5], {}], (vm, bad) => vm.propertiesV2(bad)],
    ['propertiesV3', 'settings', objects, (vm, bad) => vm.propertiesV3(bad)],
  ]

  for (const [method, path, values, call] of cases) {
    it(`${method} refuses a bad ${path} and sends nothing`, async () => {
      const { vm, provider } = await make()
      for (const bad of values) {
        const error = await rejectsWith(call(vm, bad as never), InvalidConfigError)
        assert.equal(error.path, path)
        assert.equal(error.op, `vm.${method}`)
        assert.equal(error.id, 'fake')
      }
      assert.deepEqual(provider.names(), [])
    })
  }

  it('settings that cannot be serialised are refused and nothing is sent', async () => {
    const { vm, provider } = await make()
    for (const bad of unserialisable) {
      const calls = [
        vm.addPlan9(bad as never),
        vm.addVSMB(bad as never),
        vm.removePlan9(bad as never),
        vm.setCPUGroup(bad as never),
        vm.save(bad as never),
        vm.propertiesV3(bad as never),
      ]
      for (const call of calls) await rejectsWith(call, InvalidConfigError)
    }
    assert.deepEqual(provider.names(), [])
  })

  it('bad options are refused and nothing is sent', async () => {
    const { vm, provider } = await make()
    const bad: unknown[] = [{ timeoutMs: 0 }, { timeoutMs: -1 }, { timeoutMs: '5' }, { timeoutMs: NaN }, { signal: {} }]
    for (const options of bad) {
      await rejectsWith(vm.addPipe('p', options as never), InvalidConfigError)
      await rejectsWith(vm.save({}, options as never), InvalidConfigError)
    }
    assert.deepEqual(provider.names(), [])
  })

  it('a foreign key such as __proto__ is data', async () => {
    const { vm, provider } = await make()
    const settings = JSON.parse('{"Name":"s","__proto__":{"x":1}}') as schema.VirtualSmbShare
    await vm.addVSMB(settings)
    assert.match(provider.calls[0]!.argument, /"Settings":\{"Name":"s","__proto__":\{"x":1\}\}/)
  })

  it('a mistake is told before a closed handle is', async () => {
    const { vm } = await make()
    await vm.close()
    await rejectsWith(vm.addVPMemDevice(-1, pmem), InvalidConfigError)
    await rejectsWith(vm.addVPMemDevice(0, pmem), InvalidStateError)
  })
})
