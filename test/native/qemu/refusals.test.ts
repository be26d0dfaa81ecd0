// What a document asks for and QEMU cannot give: refused with its code, naming the field, by rules that look at nothing but the document.

import assert from 'node:assert/strict'
import type { ComputeSystem } from '#dist/index.js'
import { documentRefusal } from '#dist/native/qemu/refusals.js'
import { minimal, SCSI, windows } from '../../support/documents.js'

type Vm = NonNullable<ComputeSystem['VirtualMachine']>

const NOT_SUPPORTED = 0x80070032
const INVALID = 0x80070057
const NO_PATH = 0x80070003

/** A document of a Linux guest. */
const vm = (more: Partial<Vm> = {}): ComputeSystem =>
  minimal({ Chipset: { LinuxKernelDirect: { KernelFilePath: '/boot/vmlinuz', InitRdPath: '/boot/initrd' } }, ...more })
const devices = (more: NonNullable<Vm['Devices']>): ComputeSystem => vm({ Devices: more })
const topology = (processor: object, more: object = {}): ComputeSystem =>
  vm({ ComputeTopology: { Memory: { SizeInMB: 256 }, Processor: { Count: 1, ...processor }, ...more } })

function refusal(document: ComputeSystem, has = {}): { code: number; text: string } | undefined {
  const failure = documentRefusal(document, has)
  return failure === undefined ? undefined : { code: failure.hresult, text: failure.document ?? '' }
}

const REFUSED: readonly [field: string, code: number, document: ComputeSystem][] = [
  ['Chipset.Uefi', NOT_SUPPORTED, minimal()],
  ['Chipset.FirmwareFile', NOT_SUPPORTED, vm({ Chipset: { FirmwareFile: { Parameters: 'AA==' } } })],
  ['ComputeTopology.Processor.Limit', NOT_SUPPORTED, topology({ Limit: 50_000 })],
  ['ComputeTopology.Processor.Weight', NOT_SUPPORTED, topology({ Weight: 200 })],
  ['ComputeTopology.Processor.Reservation', NOT_SUPPORTED, topology({ Reservation: 10 })],
  ['ComputeTopology.Processor.CpuGroup.Id', NOT_SUPPORTED, topology({ CpuGroup: { Id: SCSI[0] } })],
  [
    'ComputeTopology.Processor.ExposeVirtualizationExtensions',
    NOT_SUPPORTED,
    topology({ ExposeVirtualizationExtensions: true }),
  ],
  ['ComputeTopology.Numa', NOT_SUPPORTED, topology({}, { Numa: { VirtualNodeCount: 2 } })],
  ['Devices.VirtualSmb', NOT_SUPPORTED, devices({ VirtualSmb: {} })],
  ['Devices.VideoMonitor', NOT_SUPPORTED, devices({ VideoMonitor: {} })],
  ['Devices.Keyboard', NOT_SUPPORTED, devices({ Keyboard: {} })],
  ['Devices.Mouse', NOT_SUPPORTED, devices({ Mouse: {} })],
  ['Devices.EnhancedModeVideo', NOT_SUPPORTED, devices({ EnhancedModeVideo: {} })],
  ['Devices.Battery', NOT_SUPPORTED, devices({ Battery: {} })],
  ['Devices.FlexibleIov', NOT_SUPPORTED, devices({ FlexibleIov: { a: { EmulatorId: SCSI[0] } } })],
  ['Devices.SharedMemory', NOT_SUPPORTED, devices({ SharedMemory: { Regions: [{ SectionName: 's' }] } })],
  [
    'Devices.VirtualPci',
    NOT_SUPPORTED,
    devices({ VirtualPci: { [SCSI[0]]: { Functions: [{ DeviceInstancePath: 'x' }] } } }),
  ],
  ['Devices.Scsi.Primary', INVALID, devices({ Scsi: { Primary: {} } })],
  [
    `Devices.Scsi.${SCSI[0]}.Attachments.3.Type`,
    NOT_SUPPORTED,
    devices({ Scsi: { [SCSI[0]]: { Attachments: { 3: { Type: 'ExtensibleVirtualDisk', Path: '/d' } } } } }),
  ],
  ['Devices.ComPorts.0.NamedPipe', INVALID, devices({ ComPorts: { 0: { NamedPipe: '\\\\.\\pipe\\com' } } })],
  [
    'Devices.VirtualPMem.Devices.1.Mappings',
    NOT_SUPPORTED,
    devices({ VirtualPMem: { Devices: { 1: { HostPath: '/i', Mappings: { 4096: { HostPath: '/j' } } } } } }),
  ],
  ['GuestState', NOT_SUPPORTED, vm({ GuestState: { GuestStateFilePath: 'C:\\g' } })],
  ['GuestConnection', NOT_SUPPORTED, vm({ GuestConnection: {} })],
  ['RegistryChanges', NOT_SUPPORTED, vm({ RegistryChanges: { AddValues: [{ Name: 'n' }] } })],
  ['StorageQoS', NOT_SUPPORTED, vm({ StorageQoS: { IopsMaximum: 10 } })],
  ['DebugOptions', NOT_SUPPORTED, vm({ DebugOptions: { FirmwareDumpFileName: 'C:\\f' } })],
  ['SecuritySettings.EnableTpm', NOT_SUPPORTED, vm({ SecuritySettings: { EnableTpm: true } })],
  [
    'SecuritySettings.Isolation.IsolationType',
    NOT_SUPPORTED,
    vm({ SecuritySettings: { Isolation: { IsolationType: 'SecureNestedPaging' } } }),
  ],
  ['ResourcePartitionId', NOT_SUPPORTED, vm({ ResourcePartitionId: SCSI[0] })],
  ['MigrationOptions', NOT_SUPPORTED, vm({ MigrationOptions: { Origin: 'Destination' } })],
  // Paths of Windows mean nothing here.
  [
    'Chipset.LinuxKernelDirect.KernelFilePath',
    NO_PATH,
    minimal({ Chipset: { LinuxKernelDirect: { KernelFilePath: 'C:\\uvm\\vmlinux' } } }),
  ],
  [
    'Chipset.LinuxKernelDirect.InitRdPath',
    NO_PATH,
    minimal({ Chipset: { LinuxKernelDirect: { KernelFilePath: '/k', InitRdPath: 'initrd.img' } } }),
  ],
  [
    `Devices.Scsi.${SCSI[1]}.Attachments.0.Path`,
    NO_PATH,
    devices({ Scsi: { [SCSI[1]]: { Attachments: { 0: { Type: 'VirtualDisk', Path: 'C:\\d.vhdx' } } } } }),
  ],
  ['Devices.Plan9.Shares', NOT_SUPPORTED, devices({ Plan9: { Shares: [{ AccessName: '1', Path: '/s' }] } })],
  [
    'Devices.VirtualPMem.Devices.0.HostPath',
    NO_PATH,
    devices({ VirtualPMem: { Devices: { 0: { HostPath: 'C:\\layer.vhd' } } } }),
  ],
  ['RestoreState.SaveStateFilePath', NO_PATH, vm({ RestoreState: { SaveStateFilePath: 'C:\\s.vmrs' } })],
]

const TAKEN: readonly [what: string, document: ComputeSystem, has?: object][] = [
  ['a document without devices', vm()],
  [
    'hints and tuning of memory',
    vm({
      ComputeTopology: {
        Memory: { SizeInMB: 256, AllowOvercommit: true, EnableHotHint: true, HighMmioGapInMB: 512, SlitType: 'None' },
        Processor: { Count: 2 },
      },
    }),
  ],
  ['zero limits of processors', topology({ Limit: 0, Weight: 0 })],
  ['the null CPU group', topology({ CpuGroup: { Id: '00000000-0000-0000-0000-000000000000' } })],
  ['limits where a cgroup was delegated', topology({ Limit: 50_000, Weight: 200 }), { cgroup: '/sys/fs/cgroup/u' }],
  ['firmware where there is some', minimal(), { firmware: '/usr/share/OVMF.fd' }],
  [
    'firmware that boots from a disk',
    minimal({ Chipset: { Uefi: { BootThis: { DeviceType: 'ScsiDrive', DevicePath: '0' } } } }),
    { firmware: '/usr/share/OVMF.fd' },
  ],
  ['the four controllers by GUID', devices({ Scsi: Object.fromEntries(SCSI.map((guid) => [guid.toUpperCase(), {}])) })],
  ['controllers by number', devices({ Scsi: { 0: {}, 3: {} } })],
  ['sockets with descriptors', devices({ HvSocket: { HvSocketConfig: { DefaultBindSecurityDescriptor: 'D:' } } })],
  ['COM ports at Unix sockets', devices({ ComPorts: { 1: { NamedPipe: '/tmp/console' } } })],
  ['empty tables of what is not here', devices({ VirtualPci: {}, FlexibleIov: {}, Plan9: { Shares: [] } })],
  ['isolation that is off', vm({ SecuritySettings: { Isolation: { IsolationType: 'Disabled' } } })],
]

describe('documents for QEMU', () => {
  for (const [field, code, document] of REFUSED) {
    it(`refuses ${field} with 0x${code.toString(16)}, naming it`, () => {
      const found = refusal(document)
      assert.equal(found?.code.toString(16), code.toString(16))
      assert(found?.text.includes(`$.VirtualMachine.${field}:`), found?.text)
    })
  }

  it('refuses firmware that boots from VmbFs even where there is some', () => {
    const found = refusal(windows(), { firmware: '/usr/share/OVMF.fd' })
    assert.equal(found?.code, NOT_SUPPORTED)
    assert.match(found.text, /Chipset\.Uefi\.BootThis\.DeviceType/)
  })

  for (const [what, document, has] of TAKEN) {
    it(`takes ${what}`, () => {
      assert.equal(refusal(document, has)?.text, undefined)
    })
  }
})
