// What is refused when a system is created or started, and with which code.

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { UtilityVMBuilder, type ComputeSystem, type SimulatedOptions } from '#dist/index.js'
import { machineService } from '../../../fakes/machine-service.js'
import { linux, minimal, pmem, SCSI, windows } from '../../../support/documents.js'
import { rejection } from '../../../support/expect.js'

const INVALID_JSON = 0x8037010d
const BAD_TOPOLOGY = 0x80041008
const CONTRADICTION = 0x80070057

type Vm = NonNullable<ComputeSystem['VirtualMachine']>

interface Refusal {
  hresult: number
  document?: string
}

async function refused(call: Promise<unknown>, code: number): Promise<Refusal> {
  const error = await rejection<Refusal>(call)
  assert.equal(`0x${error.hresult.toString(16)}`, `0x${code.toString(16)}`, error.document)
  return error
}

async function refusedDocument(document: unknown, code: number, options: SimulatedOptions = {}): Promise<Refusal> {
  const rig = machineService(options)
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const error = await refused(rig.settle(rig.service.create('client', 'vm', text, () => undefined)), code)
  assert.equal(rig.service.enumerate(''), '[]')
  await rig.create('vm')
  return error
}

const topology = (memory: object, processor: object, more: object = {}): Partial<Vm> => ({
  ComputeTopology: { Memory: memory, Processor: processor, ...more },
})
const size = { SizeInMB: 256 }

describe('create documents at the simulated service', () => {
  const cases: [what: string, document: unknown, code: number][] = [
    ['no JSON', '{', INVALID_JSON],
    ['no object', '[]', INVALID_JSON],
    ['nothing', '', INVALID_JSON],
    ['an unknown word', minimal({ Chipset: { Uefi: { Console: 'Paper' as never } } }), INVALID_JSON],
    ['a string for a number', minimal(topology({ SizeInMB: '256' }, {})), INVALID_JSON],
    ['an integer outside its width', minimal(topology(size, { Count: 4_294_967_296 })), INVALID_JSON],
    ['no kind of system', { Owner: 'x' }, INVALID_JSON],
    ['two kinds of system', { ...minimal(), Container: {} }, INVALID_JSON],
    ['a container', { Container: {} }, INVALID_JSON],
    ['a hosted system', { HostingSystemId: 'x', HostedSystem: {} }, INVALID_JSON],
    ['a schema version of the future', minimal({}, { SchemaVersion: { Major: 2, Minor: 8 } }), INVALID_JSON],
    ['a schema version of the past', minimal({}, { SchemaVersion: { Major: 1, Minor: 0 } }), INVALID_JSON],
    ['LUN 64', minimal({ Devices: { Scsi: { a: { Attachments: { 64: {} } } } } }), INVALID_JSON],
    [
      'a LUN that is no number',
      minimal({ Devices: { Scsi: { a: { Attachments: { x: {} } as never } } } }),
      INVALID_JSON,
    ],
    ['COM port 2', minimal({ Devices: { ComPorts: { 2: {} } } }), INVALID_JSON],
    ['no memory', minimal(topology({}, {})), BAD_TOPOLOGY],
    ['memory of 0', minimal(topology({ SizeInMB: 0 }, {})), BAD_TOPOLOGY],
    ['odd memory', minimal(topology({ SizeInMB: 257 }, {})), BAD_TOPOLOGY],
    ['no processor', minimal(topology(size, { Count: 0 })), BAD_TOPOLOGY],
    ['more processors than the host has', minimal(topology(size, { Count: 65 })), BAD_TOPOLOGY],
    ['a limit outside its range', minimal(topology(size, { Limit: 100_001 })), BAD_TOPOLOGY],
    ['both kinds of boot', minimal({ Chipset: { Uefi: {}, LinuxKernelDirect: {} } }), CONTRADICTION],
    [
      'deferred commit without overcommit',
      minimal(topology({ ...size, EnableDeferredCommit: true }, {})),
      CONTRADICTION,
    ],
    ['NUMA with overcommit', minimal(topology({ ...size, AllowOvercommit: true }, {}, { Numa: {} })), CONTRADICTION],
    [
      'a CPU group with a resource partition',
      minimal({ ...topology(size, { CpuGroup: { Id: 'x' } }), ResourcePartitionId: 'y' }),
      CONTRADICTION,
    ],
    ['NUMA nodes that are too small', minimal(numa([100, 100], [1, 1])), CONTRADICTION],
    ['NUMA nodes with other processors', minimal(numa([128, 128], [1, 2])), CONTRADICTION],
    ['a NUMA node without memory', minimal(numa([256, 0], [1, 1])), CONTRADICTION],
    ['some wildcard NUMA nodes', minimal(numa([128, 128], [1, 1], [255, 0])), CONTRADICTION],
    ['a physical NUMA node of 64', minimal(numa([128, 128], [1, 1], [64, 0])), CONTRADICTION],
    ['too many VPMem devices', minimal({ Devices: { VirtualPMem: { MaximumCount: 129 } } }), CONTRADICTION],
    ['VPMem of an odd size', minimal({ Devices: { VirtualPMem: { MaximumSizeBytes: 5000 } } }), CONTRADICTION],
    [
      'a VPMem device beyond the count',
      minimal({ Devices: { VirtualPMem: { MaximumCount: 1, Devices: { 1: { HostPath: 'C:\\a' } } } } }),
      CONTRADICTION,
    ],
    [
      'two shares of one name',
      minimal({ Devices: { VirtualSmb: { Shares: [{ Name: 'a' }, { Name: 'a' }] } } }),
      CONTRADICTION,
    ],
    ['a CPU group that does not exist', minimal(topology(size, { CpuGroup: { Id: 'x' } })), 0x80070490],
    [
      'nine adapters',
      minimal({ Devices: { NetworkAdapters: Object.fromEntries([...'abcdefghi'].map((key) => [key, {}])) } }),
      0x80070032,
    ],
  ]
  for (const [what, document, code] of cases) {
    it(`refuses ${what} with 0x${code.toString(16)}, at the step Construct`, async () => {
      const { document: result } = await refusedDocument(document, code)
      const { Error: number, Attribution, ErrorEvents } = JSON.parse(result ?? '') as Record<string, unknown>
      assert.equal((Number(number) >>> 0) & 0xffff, code & 0xffff)
      assert.deepEqual(Attribution, [{ OperationFailure: { Detail: 'Construct' } }])
      assert.equal((ErrorEvents as unknown[]).length, 1)
    })
  }

  it('takes what is unusual and right', async () => {
    const { create } = machineService({ processors: 128 })
    const right: ComputeSystem[] = [
      minimal({ Chipset: {} }),
      minimal(topology(size, {})),
      minimal(topology(size, { Count: 128, Limit: 100_000, Weight: 10_000 })),
      minimal(numa([128, 128], [1, 1], [255, 255])),
      minimal({}, { SchemaVersion: { Major: 2, Minor: 7 } }),
      minimal({ Devices: { NetworkAdapters: null as never, Scsi: { x: null as never } } }),
      JSON.parse(JSON.stringify(minimal()).replace('{', '{"Unknown":{"__proto__":1},')) as ComputeSystem,
    ]
    for (const [index, document] of right.entries()) await create(`vm-${index}`, document)
  })

  it('with strictDocuments unknown fields are refused, with their path', async () => {
    const { document } = await refusedDocument({ ...minimal(), Colour: 'red' }, INVALID_JSON, { strictDocuments: true })
    assert.match(document ?? '', /\$\.Colour/)
  })

  it('an id in use is found before a topology that is wrong, and after a form that is', async () => {
    const rig = machineService()
    await rig.create('vm')
    await refused(rig.create('vm', minimal(topology({ SizeInMB: 257 }, {}))), 0x8037010f)
    await refused(rig.create('vm', { Owner: 'x' }), INVALID_JSON)
    await refused(rig.create('', minimal()), 0x80070057)
  })

  describe('at start', () => {
    let directory: string
    before(() => (directory = mkdtempSync(join(tmpdir(), 'start-'))))
    after(() => rmSync(directory, { recursive: true }))

    async function start(document: object, options: SimulatedOptions = {}): Promise<string> {
      const rig = machineService(options)
      const { handle } = await rig.create('vm', document)
      try {
        return await rig.run(handle, 'start')
      } catch (error) {
        // A start that failed before power-on leaves the system as it was, and it can be ended.
        assert.doesNotMatch(await rig.run(handle, 'properties'), /"State"/)
        await rig.run(handle, 'terminate')
        throw error
      }
    }

    const needs = (path: string): [string, ComputeSystem][] => [
      ['kernel', minimal({ Chipset: { LinuxKernelDirect: { KernelFilePath: path } } })],
      ['initial disk', minimal({ Chipset: { LinuxKernelDirect: { KernelFilePath: 'C:\\k', InitRdPath: path } } })],
      ['disk', minimal({ Devices: { Scsi: { [SCSI[0]]: { Attachments: { 0: { Path: path } } } } } })],
      [
        'persistent memory',
        minimal({ Devices: { VirtualPMem: { MaximumCount: 1, Devices: { 0: { HostPath: path } } } } }),
      ],
      ['share', minimal({ Devices: { Plan9: { Shares: [{ AccessName: 'a', Path: path }] } } })],
    ]

    it('a file that is missing or may not be opened refuses the start', async function () {
      if (process.platform === 'win32') this.skip()
      const missing = join(directory, 'missing')
      for (const [, document] of needs(missing)) await refused(start(document), 0x80070002)
      for (const [, document] of needs(join(missing, 'deeper'))) await refused(start(document), 0x80070003)
      const there = join(directory, 'there')
      writeFileSync(there, '')
      for (const [, document] of needs(there)) await start(document)
      if (process.getuid?.() === 0) return
      chmodSync(there, 0)
      for (const [, document] of needs(there)) await refused(start(document), 0x80070005)
    })

    it('endpoints that are unknown or attached elsewhere, and memory that the host has not, refuse the start', async () => {
      const options: SimulatedOptions = { endpoints: ['ABC'], memoryMB: 512 }
      const nic = (EndpointId: string): ComputeSystem =>
        minimal({ Devices: { NetworkAdapters: { a: { EndpointId } } } })
      await refused(start(nic('def'), options), 0x803b0002)
      const rig = machineService(options)
      const [first, second] = [await rig.create('first', nic('abc')), await rig.create('second', nic('Abc'))]
      await rig.run(first.handle, 'start')
      await refused(rig.run(second.handle, 'start'), 0x803b0014)
      await rig.run(first.handle, 'terminate')
      await rig.run(second.handle, 'start')
      const large = await rig.create('large', minimal(topology({ SizeInMB: 258 }, {})))
      const { document } = await refused(rig.run(large.handle, 'start'), 0x800705af)
      assert.match(document ?? '', /"Detail":"Start"/)
    })

    it('a guest connection of HCS’s own needs a guest', async () => {
      await refused(start(minimal({ GuestConnection: {} }), { guest: 'none' }), 0x80370108)
      await start(minimal({ GuestConnection: {} }))
    })
  })

  it('a hostile document is refused with a code of its own, or taken; never half', async () => {
    const places = (value: unknown, at: string[] = []): string[][] => [
      at,
      ...(typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([name, item]) => places(item, [...at, name]))
        : []),
    ]
    const put = (value: unknown, [name, ...rest]: string[], wrong: unknown): unknown => {
      if (name === undefined) return wrong
      if (Array.isArray(value))
        return value.map((item, index) => (String(index) === name ? put(item, rest, wrong) : item))
      const members = value as Record<string, unknown>
      return { ...members, [name]: put(members[name], rest, wrong) }
    }
    const full = minimal({
      ...pmem().VirtualMachine,
      Devices: {
        ...linux().VirtualMachine?.Devices,
        ...windows().VirtualMachine?.Devices,
        ...pmem().VirtualMachine?.Devices,
        NetworkAdapters: { a: { EndpointId: 'x' } },
        VirtualPci: { a: { Functions: [{ DeviceInstancePath: 'x' }] } },
        SharedMemory: { Regions: [{ SectionName: 'x' }] },
        ComPorts: { 0: { NamedPipe: 'x' } },
      },
      RestoreState: {},
    })
    const documents = [linux(), windows(), full]
    const attack = fc.constantFrom(...documents).chain((document) =>
      fc.record({
        document: fc.constant(document),
        place: fc.constantFrom(...places(document)),
        wrong: fc.oneof(
          fc.constant(null),
          fc.constant([null]),
          fc.constant({ x: null }),
          fc.jsonValue({ maxDepth: 2 }),
        ),
      }),
    )
    await fc.assert(
      fc.asyncProperty(attack, async ({ document, place, wrong }) => {
        const rig = machineService()
        const attempt = async (): Promise<void> => {
          const { handle } = await rig.create('vm', put(document, place, wrong) as object)
          await rig.run(handle, 'start')
          await rig.run(handle, 'properties', { PropertyTypes: ['Memory', 'Statistics', 'SharedMemoryRegion'] })
        }
        await attempt().catch((error: { hresult?: unknown }) => {
          if (typeof error.hresult !== 'number') throw error
        })
      }),
      { numRuns: 300 },
    )
  })
})

function numa(blocks: number[], processors: number[], physical: number[] = [0, 1]): Partial<Vm> {
  return topology(
    size,
    { Count: 2 },
    {
      Numa: {
        VirtualNodeCount: blocks.length,
        Settings: blocks.map((count, index) => ({
          VirtualNodeNumber: index,
          PhysicalNodeNumber: physical[index],
          CountOfProcessors: processors[index],
          CountOfMemoryBlocks: count,
        })),
      },
    },
  )
}

describe('the worked configurations', () => {
  const DESCRIPTOR = 'D:P(A;;FA;;;SY)(A;;FA;;;BA)'

  function builtLinux(): UtilityVMBuilder {
    const { Chipset, ComputeTopology } = linux().VirtualMachine ?? {}
    const builder = new UtilityVMBuilder('contract', 'linux')
      .setLinuxKernelDirectBoot(Chipset?.LinuxKernelDirect ?? {})
      .setMemory(ComputeTopology?.Memory ?? {})
      .setProcessor(ComputeTopology?.Processor ?? {})
    for (const guid of SCSI) builder.addSCSIController(guid)
    return builder
  }

  function builtWindows(): UtilityVMBuilder {
    const { Chipset, ComputeTopology, Devices } = windows().VirtualMachine ?? {}
    return new UtilityVMBuilder('contract', 'windows')
      .setUEFIBoot(Chipset?.Uefi?.BootThis ?? {})
      .setMemory(ComputeTopology?.Memory ?? {})
      .setProcessor(ComputeTopology?.Processor ?? {})
      .addSCSIController(SCSI[0])
      .addSCSIDisk(SCSI[0], '0', { Type: 'VirtualDisk', Path: 'C:\\uvm\\windows\\scratch.vhdx' })
      .addVSMB(Devices?.VirtualSmb ?? {})
  }

  it('come out of the builder as they are written', () => {
    const document = windows()
    // The builder has no setter for these two.
    delete document.VirtualMachine?.RegistryChanges
    const config = document.VirtualMachine?.Devices?.HvSocket?.HvSocketConfig
    assert(config !== undefined)
    config.ServiceTable = {}
    assert.deepEqual(plain(builtWindows().toDocument()), plain(document))
    assert.deepEqual(plain(builtLinux().toDocument()), plain(linux()))
  })

  for (const [name, document] of [
    ['Linux', builtLinux().toDocument()],
    ['Windows', builtWindows().toDocument()],
  ] as const) {
    it(`${name}: from the builder through the service to the properties`, async () => {
      const rig = machineService({ strictDocuments: true })
      const { handle } = await rig.create('uvm', document)
      assert.deepEqual(JSON.parse(await rig.run(handle, 'properties')), {
        Id: 'uvm',
        SystemType: 'VirtualMachine',
        Owner: 'contract',
        RuntimeId: (JSON.parse(rig.service.enumerate('')) as { RuntimeId: string }[])[0]?.RuntimeId,
      })
      await rig.run(handle, 'start')
      const types = { PropertyTypes: ['Memory', 'TerminateOnLastHandleClosed'] }
      const properties = JSON.parse(await rig.run(handle, 'properties', types)) as Record<string, unknown>
      const { SizeInMB = 0 } = document.VirtualMachine?.ComputeTopology?.Memory ?? {}
      const { Count = 0 } = document.VirtualMachine?.ComputeTopology?.Processor ?? {}
      assert.deepEqual(properties['Memory'], {
        VirtualNodeCount: 1,
        VirtualMachineMemory: {
          AvailableMemory: 70,
          AvailableMemoryBuffer: 20,
          ReservedMemory: 0,
          AssignedMemory: Number(SizeInMB) * 256,
          SlpActive: false,
          BalancingEnabled: false,
          DmOperationInProgress: false,
        },
        VirtualNodes: [
          {
            VirtualNodeIndex: 0,
            PhysicalNodeNumber: 0,
            VirtualProcessorCount: Count,
            MemoryUsageInPages: Number(SizeInMB) * 256,
          },
        ],
      })
      assert.equal(properties['TerminateOnLastHandleClosed'], document.ShouldTerminateOnLastHandleClosed)
      const disks = name === 'Linux' ? [0, 0, 0, 0] : [1]
      for (const [controller, taken] of disks.entries()) {
        const path = `VirtualMachine/Devices/Scsi/${SCSI[controller]}/Attachments/0`
        const removing = rig.run(handle, 'modify', { ResourcePath: path, RequestType: 'Remove' })
        if (taken === 1) await removing
        else await refused(removing, 0x80070490)
      }
    })
  }

  function plain(document: ComputeSystem): unknown {
    assert.equal(document.VirtualMachine?.Devices?.HvSocket?.HvSocketConfig?.DefaultBindSecurityDescriptor, DESCRIPTOR)
    return JSON.parse(JSON.stringify(document)) as unknown
  }
})
