import assert from 'node:assert/strict'
import { InvalidConfigError, UtilityVMBuilder } from '#dist/index.js'

const PLAIN = 'D:P(A;;FA;;;SY)(A;;FA;;;BA)'
const CONTROLLERS = [
  'df6d0690-79e5-55b6-a5ec-c1e2f77f580a',
  '0110f83b-de10-5172-a266-78bca56bf50a',
  'b5d2d8d4-3a75-51bf-945b-3444dc6b8579',
  '305891a9-b251-5dfe-91a2-c25d9212275b',
]

/** The call must throw, name the field and the value, and leave the document as it was. */
function refuses(builder: UtilityVMBuilder, path: string, call: (builder: UtilityVMBuilder) => unknown): void {
  const before = builder.toDocument()
  assert.throws(
    () => call(builder),
    (error) => {
      assert(error instanceof InvalidConfigError)
      assert.equal(error.code, 'UVM_INVALID_CONFIG')
      assert.equal(error.path, path)
      assert.match(error.message, /got /)
      return true
    },
  )
  assert.deepEqual(builder.toDocument(), before)
}

describe('UtilityVMBuilder', () => {
  it('starts a Linux VM with a Plan9 device and a Windows VM with a VSMB device', () => {
    const expected = (devices: object): object => ({
      Owner: 'me',
      SchemaVersion: { Major: 2, Minor: 1 },
      ShouldTerminateOnLastHandleClosed: true,
      VirtualMachine: {
        StopOnReset: true,
        Chipset: {},
        ComputeTopology: { Memory: {}, Processor: {} },
        Devices: {
          HvSocket: { HvSocketConfig: { DefaultBindSecurityDescriptor: PLAIN, ServiceTable: {} } },
          ...devices,
        },
      },
    })
    assert.deepEqual(new UtilityVMBuilder('me', 'linux').toDocument(), expected({ Plan9: {} }))
    assert.deepEqual(new UtilityVMBuilder('me', 'windows').toDocument(), expected({ VirtualSmb: {} }))
    assert.deepEqual(new UtilityVMBuilder('me', 'linux', { plan9: false }).toDocument(), expected({}))
  })

  it('builds the complete Linux configuration', () => {
    const builder = new UtilityVMBuilder('orchestrator', 'linux')
      .setLinuxKernelDirectBoot({ KernelFilePath: 'C:\\k', InitRdPath: 'C:\\i', KernelCmdLine: 'quiet -- -e 1' })
      .setMemory({ SizeInMB: 1024, AllowOvercommit: true })
      .setProcessorLimits({ Count: 2 })
    for (const id of CONTROLLERS) builder.addSCSIController(id)
    assert.deepEqual(builder.toDocument(), {
      Owner: 'orchestrator',
      SchemaVersion: { Major: 2, Minor: 1 },
      ShouldTerminateOnLastHandleClosed: true,
      VirtualMachine: {
        StopOnReset: true,
        Chipset: {
          LinuxKernelDirect: { KernelFilePath: 'C:\\k', InitRdPath: 'C:\\i', KernelCmdLine: 'quiet -- -e 1' },
        },
        ComputeTopology: { Memory: { SizeInMB: 1024, AllowOvercommit: true }, Processor: { Count: 2 } },
        Devices: {
          Scsi: Object.fromEntries(CONTROLLERS.map((id) => [id, {}])),
          HvSocket: { HvSocketConfig: { DefaultBindSecurityDescriptor: PLAIN, ServiceTable: {} } },
          Plan9: {},
        },
      },
    })
  })

  it('builds the complete Windows configuration', () => {
    const document = new UtilityVMBuilder('orchestrator', 'windows')
      .setUEFIBoot({ DeviceType: 'VmbFs', DevicePath: '\\EFI\\bootmgfw.efi', VmbFsRootPath: 'C:\\Files' })
      .setMemory({ SizeInMB: 2048, AllowOvercommit: true })
      .setMemoryHints({ EnableHotHint: true })
      .setProcessorLimits({ Count: 2 })
      .addSCSIController(CONTROLLERS[0]!)
      .addSCSIDisk(CONTROLLERS[0]!, '0', { Type: 'VirtualDisk', Path: 'C:\\scratch.vhdx' })
      .addVSMB({ DirectFileMappingInMB: 1024 })
      .addVSMBShare({ Name: 'os', Path: 'C:\\Files', Options: { ReadOnly: true } })
      .enableGraphicsConsole()
      .toDocument()
    assert.deepEqual(document.VirtualMachine?.Chipset, {
      Uefi: { BootThis: { DeviceType: 'VmbFs', DevicePath: '\\EFI\\bootmgfw.efi', VmbFsRootPath: 'C:\\Files' } },
    })
    assert.deepEqual(document.VirtualMachine?.ComputeTopology?.Memory, {
      SizeInMB: 2048,
      AllowOvercommit: false,
      EnableHotHint: true,
    })
    const { HvSocket: _, ...devices } = document.VirtualMachine?.Devices ?? {}
    assert.deepEqual(devices, {
      Scsi: { [CONTROLLERS[0]!]: { Attachments: { 0: { Type: 'VirtualDisk', Path: 'C:\\scratch.vhdx' } } } },
      VirtualSmb: {
        DirectFileMappingInMB: 1024,
        Shares: [{ Name: 'os', Path: 'C:\\Files', Options: { ReadOnly: true } }],
      },
      Keyboard: {},
      EnhancedModeVideo: {},
      VideoMonitor: {},
    })
  })

  it('keeps one boot entry: the second setter replaces the first', () => {
    const builder = new UtilityVMBuilder('me', 'linux').setUEFIBoot({ DeviceType: 'Network' })
    builder.setLinuxKernelDirectBoot({ KernelFilePath: 'k' })
    assert.deepEqual(builder.toDocument().VirtualMachine?.Chipset, { LinuxKernelDirect: { KernelFilePath: 'k' } })
    builder.setUEFIBoot({ DeviceType: 'Network' })
    assert.deepEqual(builder.toDocument().VirtualMachine?.Chipset, { Uefi: { BootThis: { DeviceType: 'Network' } } })
  })

  it('refuses a kernel direct boot on a host build before 18286', () => {
    const old = new UtilityVMBuilder('me', 'linux', { hostBuild: 17763 })
    refuses(old, 'hostBuild', (builder) => builder.setLinuxKernelDirectBoot({ KernelFilePath: 'k' }))
    new UtilityVMBuilder('me', 'linux', { hostBuild: 18286 }).setLinuxKernelDirectBoot({ KernelFilePath: 'k' })
  })

  it('sets memory section by section', () => {
    const memory = (builder: UtilityVMBuilder): unknown => builder.toDocument().VirtualMachine?.ComputeTopology?.Memory
    const builder = new UtilityVMBuilder('me', 'linux').setMemoryLimit(512).setMMIOConfig(1, 2, 3)
    assert.deepEqual(memory(builder), { SizeInMB: 512, LowMmioGapInMB: 1, HighMmioBaseInMB: 2, HighMmioGapInMB: 3 })
    builder.setMemoryHints({ Backing: 'Virtual', EnableColdDiscardHint: true, SizeInMB: 9 })
    builder.setFirmwareFallbackMeasuredSlit()
    assert.deepEqual(memory(builder), {
      SizeInMB: 512,
      LowMmioGapInMB: 1,
      HighMmioBaseInMB: 2,
      HighMmioGapInMB: 3,
      Backing: 'Virtual',
      AllowOvercommit: true,
      EnableColdDiscardHint: true,
      SlitType: 'FirmwareFallbackMeasured',
    })
    assert.deepEqual(memory(builder.setMemory({ SizeInMB: 2 })), { SizeInMB: 2 })
  })

  it('sets processors, CPU group, NUMA and storage limits', () => {
    const group = { Id: '11111111-2222-3333-4444-555555555555' }
    const { VirtualMachine: vm } = new UtilityVMBuilder('me', 'linux')
      .setProcessor({ Count: 8, Reservation: 10 })
      .setProcessorLimits({ Count: 4, Limit: 50_000, Weight: 200, Reservation: 99 })
      .setCPUGroup(group)
      .setNUMAProcessorsSettings({ count_per_node: { max: 4 }, node_per_socket: 1 })
      .setNUMASettings({ VirtualNodeCount: 2 })
      .setStorageQoS({ IopsMaximum: 100, BandwidthMaximum: 1_000_000 })
      .toDocument()
    assert.deepEqual(vm?.ComputeTopology, {
      Memory: {},
      Processor: {
        Count: 4,
        Limit: 50_000,
        Weight: 200,
        Reservation: 10,
        CpuGroup: group,
        NumaProcessorsSettings: { count_per_node: { max: 4 }, node_per_socket: 1 },
      },
      Numa: { VirtualNodeCount: 2 },
    })
    assert.deepEqual(vm?.StorageQoS, { IopsMaximum: 100, BandwidthMaximum: 1_000_000 })
  })

  it('adds devices, and refuses what is there already or has nothing to be added to', () => {
    const builder = new UtilityVMBuilder('me', 'linux')
    refuses(builder, 'controllerId', (b) => b.addSCSIDisk('none', '0', { Path: 'p' }))
    builder.addSCSIController('c').addSCSIDisk('c', '63', { Path: 'p' })
    refuses(builder, 'id', (b) => b.addSCSIController('c'))
    refuses(builder, 'lun', (b) => b.addSCSIDisk('c', '63', { Path: 'q' }))
    refuses(builder, 'lun', (b) => b.addSCSIDisk('c', '-1', { Path: 'q' }))
    refuses(builder, 'id', (b) => b.addVPMemDevice('0', { HostPath: 'p' }))
    builder.addVPMemController(64, 4 * 1024 ** 3).addVPMemDevice('0', { HostPath: 'p', ImageFormat: 'Vhd1' })
    refuses(builder, 'id', (b) => b.addVPMemDevice('0', { HostPath: 'p' }))
    refuses(builder, 'share', (b) => b.addVSMBShare({ Name: 'os', Path: 'p' }))
    builder.addVSMB({}).addVSMBShare({ Name: 'os', Path: 'p' })
    refuses(builder, 'share.Name', (b) => b.addVSMBShare({ Name: 'OS', Path: 'p' }))
    const guid = '11111111-2222-3333-4444-555555555555'
    builder.addVPCIDevice(guid, { DeviceInstancePath: 'PCIP\\1', VirtualFunction: 0 }, true)
    refuses(builder, 'device', (b) => b.addVPCIDevice(guid.replace('1', '2'), { DeviceInstancePath: 'pcip\\1' }))
    refuses(builder, 'vmbusGuid', (b) => b.addVPCIDevice('nope', { DeviceInstancePath: 'PCIP\\2' }))
    builder.addPlan9({ Shares: [] }).setSerialConsole(0, '\\\\.\\pipe\\com1')
    refuses(builder, 'listenerPath', (b) => b.setSerialConsole(0, 'C:\\pipe\\com1'))
    refuses(builder, 'port', (b) => b.setSerialConsole(-1, '\\\\.\\pipe\\com1'))
    const devices = builder.toDocument().VirtualMachine?.Devices
    assert.deepEqual(devices?.VirtualPMem, {
      MaximumCount: 64,
      MaximumSizeBytes: 4_294_967_296,
      Devices: { 0: { HostPath: 'p', ImageFormat: 'Vhd1' } },
    })
    assert.deepEqual(devices?.VirtualPci, {
      [guid]: { Functions: [{ DeviceInstancePath: 'PCIP\\1', VirtualFunction: 0 }], PropagateNumaAffinity: true },
    })
    assert.deepEqual(devices?.ComPorts, { 0: { NamedPipe: '\\\\.\\pipe\\com1' } })
    assert.deepEqual(devices?.Plan9, { Shares: [] })
  })

  it('refuses what cannot be sent: numbers that are no JSON, what throws when it is read, options that are none', () => {
    const fail = (): never => {
      throw new Error('code of the caller')
    }
    const builder = new UtilityVMBuilder('me', 'linux')
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    refuses(builder, 'config.SizeInMB', (b) => b.setMemory({ SizeInMB: NaN }))
    refuses(builder, 'settings.Shares[0].Port', (b) => b.addPlan9({ Shares: [{ Port: Infinity }] }))
    for (const evil of [Object.defineProperty({}, 'Count', { get: fail, enumerable: true }), proxy, { toJSON: fail }]) {
      refuses(builder, 'config', (b) => b.setProcessor(evil))
    }
    for (const options of [null, 5]) {
      assert.throws(() => new UtilityVMBuilder('me', 'linux', options as never), InvalidConfigError)
    }
  })

  it('takes settings as they would be sent: undefined left out, toJSON asked', () => {
    const settings = { SizeInMB: 0, Backing: undefined, Since: new Date(0) }
    const { VirtualMachine: vm } = new UtilityVMBuilder('me', 'linux').setMemory(settings).toDocument()
    assert.deepEqual(vm?.ComputeTopology?.Memory, { SizeInMB: 0, Since: '1970-01-01T00:00:00.000Z' })
    assert.equal(Object.hasOwn(vm?.ComputeTopology?.Memory ?? {}, 'Backing'), false)
  })

  it('refuses wrong types, cycles and functions', () => {
    const builder = new UtilityVMBuilder('me', 'linux')
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    refuses(builder, 'sizeInMB', (b) => b.setMemoryLimit('1024' as never))
    refuses(builder, 'sizeInMB', (b) => b.setMemoryLimit(NaN))
    refuses(builder, 'config', (b) => b.setMemory(null as never))
    refuses(builder, 'config', (b) => b.setProcessor([] as never))
    assert.throws(() => builder.addPlan9(cycle), InvalidConfigError)
    assert.throws(() => builder.addPlan9({ Shares: [() => 1] as never }), InvalidConfigError)
    assert.throws(() => new UtilityVMBuilder('me', 'beos' as never), InvalidConfigError)
    assert.throws(() => new UtilityVMBuilder(1 as never, 'linux'), InvalidConfigError)
  })

  it('copies in and out: neither side sees later changes of the other', () => {
    const memory = { SizeInMB: 512 }
    const builder = new UtilityVMBuilder('me', 'linux').setMemory(memory)
    memory.SizeInMB = 1
    const first = builder.toDocument()
    first.VirtualMachine!.ComputeTopology!.Memory!.SizeInMB = 2
    builder.setProcessorLimits({ Count: 3 })
    assert.equal(builder.toDocument().VirtualMachine?.ComputeTopology?.Memory?.SizeInMB, 512)
    assert.deepEqual(first.VirtualMachine?.ComputeTopology?.Processor, {})
  })

  it('keeps names such as __proto__ as data', () => {
    const document = new UtilityVMBuilder('me', 'linux').addSCSIController('__proto__').toDocument()
    assert.deepEqual(Object.keys(document.VirtualMachine?.Devices?.Scsi ?? {}), ['__proto__'])
    assert.equal(({} as Record<string, unknown>)['Attachments'], undefined)
  })
})
