// Every setter of the builder in every order of two: setters of different sections do not meet, and of two that write the same section the
// later one counts, as its docstring says. And what a setter takes back.

import assert from 'node:assert/strict'
import { UtilityVMBuilder } from '#dist/index.js'

const CONTROLLER = 'df6d0690-79e5-55b6-a5ec-c1e2f77f580a'
const GUID = 'ABCDEF01-2345-6789-abcd-ef0123456789'

interface Setter {
  readonly name: string
  /** Members of the document that it writes as a whole; the same place in two rows: the later one counts. */
  readonly places: readonly string[]
  apply(builder: UtilityVMBuilder): unknown
}

const setter = (name: string, places: string[], apply: Setter['apply']): Setter => ({ name, places, apply })

const MEMORY = [
  'SizeInMB',
  'AllowOvercommit',
  'Backing',
  'EnableDeferredCommit',
  'EnableHotHint',
  'EnableColdHint',
  'Gaps',
]
const PROCESSOR = ['Count', 'Limit', 'Weight', 'CpuGroup', 'NumaProcessors', 'Reservation']

const SETTERS: readonly Setter[] = [
  setter('setUEFIBoot', ['boot'], (b) => b.setUEFIBoot({ DeviceType: 'VmbFs', DevicePath: '\\a' })),
  setter('setLinuxKernelDirectBoot', ['boot'], (b) => b.setLinuxKernelDirectBoot({ KernelFilePath: 'k' })),
  setter('setMemory', [...MEMORY, 'SlitType'], (b) => b.setMemory({ SizeInMB: 2048, EnableHotHint: true })),
  setter('setMemoryLimit', ['SizeInMB'], (b) => b.setMemoryLimit(1024)),
  setter('setMemoryHints', MEMORY.slice(1, 6), (b) =>
    b.setMemoryHints({ Backing: 'Virtual', EnableDeferredCommit: true }),
  ),
  setter('setMMIOConfig', ['Gaps'], (b) => b.setMMIOConfig(1, 2, 3)),
  setter('setFirmwareFallbackMeasuredSlit', ['SlitType'], (b) => b.setFirmwareFallbackMeasuredSlit()),
  setter('setProcessor', PROCESSOR, (b) => b.setProcessor({ Count: 8, Reservation: 5 })),
  setter('setProcessorLimits', ['Count', 'Limit', 'Weight'], (b) => b.setProcessorLimits({ Count: 2, Weight: 100 })),
  setter('setCPUGroup', ['CpuGroup'], (b) => b.setCPUGroup({ Id: 'g' })),
  setter('setNUMAProcessorsSettings', ['NumaProcessors'], (b) =>
    b.setNUMAProcessorsSettings({ count_per_node: { max: 2 } }),
  ),
  setter('setNUMASettings', ['Numa'], (b) => b.setNUMASettings({ VirtualNodeCount: 2 })),
  setter('setStorageQoS', ['StorageQoS'], (b) => b.setStorageQoS({ IopsMaximum: 5 })),
  setter('addVPCIDevice', ['VirtualPci'], (b) => b.addVPCIDevice(GUID, { DeviceInstancePath: 'a' })),
  setter('addSCSIController', ['Scsi'], (b) => b.addSCSIController(CONTROLLER)),
  setter('addVPMemController', ['VirtualPMem'], (b) => b.addVPMemController(4, 4096)),
  setter('addVSMB', ['VirtualSmb'], (b) => b.addVSMB({ DirectFileMappingInMB: 5 })),
  setter('addPlan9', ['Plan9'], (b) => b.addPlan9({ Shares: [{ Name: 'a' }] })),
  setter('setSerialConsole', ['ComPorts'], (b) => b.setSerialConsole(0, '\\\\.\\pipe\\a')),
  setter('setTerminateOnLastHandleClosed', ['lifeline'], (b) => b.setTerminateOnLastHandleClosed(false)),
  setter('setRestoreState', ['RestoreState'], (b) => b.setRestoreState({ SaveStateFilePath: 's' })),
  setter('setMigrationOptions', ['MigrationOptions'], (b) => b.setMigrationOptions({ Origin: 'Destination' })),
  setter('setGuestConnection', ['GuestConnection'], (b) => b.setGuestConnection({ UseVsock: true })),
  setter('setRegistryChanges', ['RegistryChanges'], (b) => b.setRegistryChanges({ AddValues: [{ Name: 'n' }] })),
  setter('enableGraphicsConsole', ['graphics'], (b) => b.enableGraphicsConsole()),
]

function documentOf(...setters: Setter[]): unknown {
  const builder = new UtilityVMBuilder('me', 'linux')
  for (const one of setters) one.apply(builder)
  return builder.toDocument()
}

describe('every setter in every order of two', () => {
  it('the table has every setter of the builder', () => {
    const methods = Object.getOwnPropertyNames(UtilityVMBuilder.prototype)
    // These need what another setter brings, and have tests of their own.
    const others = ['constructor', 'toDocument', 'addSCSIDisk', 'addVPMemDevice', 'addVSMBShare']
    assert.deepEqual(methods.filter((name) => !others.includes(name)).sort(), SETTERS.map(({ name }) => name).sort())
  })

  for (const first of SETTERS) {
    for (const second of SETTERS) {
      if (first === second) continue
      const shared = first.places.filter((place) => second.places.includes(place))
      if (shared.length === 0) {
        it(`${first.name} and ${second.name} do not meet`, () => {
          assert.deepEqual(documentOf(first, second), documentOf(second, first))
        })
      } else if (first.places.every((place) => second.places.includes(place))) {
        it(`${second.name} after ${first.name} leaves nothing of it`, () => {
          assert.deepEqual(documentOf(first, second), documentOf(second))
        })
      } else {
        it(`${second.name} after ${first.name} counts where both write`, () => {
          const both = documentOf(first, second)
          assert.notDeepEqual(both, documentOf(first))
          // Written once more it changes nothing: it has all that is its own.
          assert.deepEqual(documentOf(first, second, second), both)
        })
      }
    }
  }

  it('hints and limits replace those that were there', () => {
    const builder = new UtilityVMBuilder('me', 'linux')
      .setMemory({ SizeInMB: 512, AllowOvercommit: true, EnableColdHint: true, EnableHotHint: true })
      .setMemoryHints({ Backing: 'Physical', EnableHotHint: false })
      .setProcessorLimits({ Count: 2, Limit: 5, Weight: 6 })
      .setProcessorLimits({ Count: 4 })
    const topology = builder.toDocument().VirtualMachine?.ComputeTopology
    assert.deepEqual(topology, {
      Memory: { SizeInMB: 512, AllowOvercommit: false, Backing: 'Physical', EnableHotHint: false },
      Processor: { Count: 4 },
    })
  })

  it('overcommit is exactly that the backing is virtual', () => {
    const overcommit = (backing: 'Virtual' | 'Physical' | 'Hybrid' | undefined): unknown =>
      new UtilityVMBuilder('me', 'linux')
        .setMemory({ AllowOvercommit: backing !== 'Virtual' })
        .setMemoryHints(backing === undefined ? {} : { Backing: backing })
        .toDocument().VirtualMachine?.ComputeTopology?.Memory?.AllowOvercommit
    assert.deepEqual(
      [overcommit('Virtual'), overcommit('Physical'), overcommit('Hybrid'), overcommit(undefined)],
      [true, false, false, false],
    )
  })

  it('undefined clears what was set', () => {
    const plain = new UtilityVMBuilder('me', 'linux')
    const cleared = new UtilityVMBuilder('me', 'linux')
      .setCPUGroup({ Id: 'g' })
      .setCPUGroup(undefined)
      .setNUMASettings({ VirtualNodeCount: 1 })
      .setNUMASettings(undefined)
      .setNUMAProcessorsSettings({})
      .setNUMAProcessorsSettings(undefined)
      .setStorageQoS({ IopsMaximum: 1 })
      .setStorageQoS(undefined)
      .setRestoreState({ SaveStateFilePath: 's' })
      .setRestoreState(undefined)
      .setMigrationOptions({ Origin: 'Source' })
      .setMigrationOptions(undefined)
      .setGuestConnection({})
      .setGuestConnection(undefined)
      .setRegistryChanges({})
      .setRegistryChanges(undefined)
    assert.deepEqual(cleared.toDocument(), plain.toDocument())
  })

  it('a VMBus GUID is written in lower case, and the same GUID replaces', () => {
    const builder = new UtilityVMBuilder('me', 'linux')
      .addVPCIDevice(GUID, { DeviceInstancePath: 'a' }, true)
      .addVPCIDevice(GUID.toLowerCase(), { DeviceInstancePath: 'A' }, false)
    assert.deepEqual(builder.toDocument().VirtualMachine?.Devices?.VirtualPci, {
      [GUID.toLowerCase()]: { Functions: [{ DeviceInstancePath: 'A' }] },
    })
    assert.throws(
      () => builder.addVPCIDevice('00000000-0000-0000-0000-000000000001', { DeviceInstancePath: 'a' }),
      /assigned to abcdef01/,
    )
  })

  it('maps without entries are left out, the service table is not', () => {
    const document = new UtilityVMBuilder('me', 'windows')
      .addSCSIController(CONTROLLER)
      .addVPMemController(1, 2)
      .toDocument()
    const devices = document.VirtualMachine?.Devices
    assert.deepEqual(devices?.Scsi, { [CONTROLLER]: {} })
    assert.deepEqual(devices?.VirtualPMem, { MaximumCount: 1, MaximumSizeBytes: 2 })
    assert.deepEqual(devices?.HvSocket?.HvSocketConfig?.ServiceTable, {})
  })
})
