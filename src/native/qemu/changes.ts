// Changes of a machine that runs: what a planned change of the devices means to QEMU. Each either happens or leaves the machine as it was.

import type { ResourceKind } from '../../protocol/host-modifications/index.js'
import { HRESULT } from '../../protocol/hresult.js'
import type { Attachment, NetworkAdapter, ProcessorLimits, VirtualPMemDevice } from '../../protocol/schema/index.js'
import { refusal } from '../simulated/failure.js'
import type { PlannedChange } from '../simulated/devices/modify.js'
import {
  BALLOON,
  blockdevOf,
  diskDeviceOf,
  diskId,
  GROWTH,
  growthDevice,
  growthObjectOf,
  maximumMemoryMB,
  pmemDeviceOf,
  pmemObjectOf,
} from './arguments.js'
import { planDisk } from './images.js'
import type { Machine } from './machine.js'
import { netdevOf, nicDeviceOf, nicId, nicPortOf, planNic } from './network.js'
import type { QemuNetwork } from './options.js'
import { controllerNumber, pathRefusal } from './refusals.js'
import { planPmemDevice, type QemuVm } from './virtual-machine.js'

export interface ChangeSurroundings {
  readonly networks: Readonly<Record<string, QemuNetwork>>
  /** Undefined where no cgroup was delegated. */
  readonly limit?: ((limits: ProcessorLimits) => void) | undefined
}

interface Step {
  readonly vm: QemuVm
  readonly machine: Machine
  readonly change: PlannedChange
  readonly around: ChangeSurroundings
}

type Carry = (step: Step) => Promise<void>

const MIB = 1024 * 1024

/** What a kind of resource that is not here is refused with. */
const CARRIES: Partial<Readonly<Record<ResourceKind, Carry>>> = {
  scsiAttachment: changeDisk,
  networkAdapter: changeNic,
  memorySize: changeMemory,
  vpmemDevice: addPmem,
  cpuLimits: changeLimits,
  // The null group; every other is refused before, because there is none.
  cpuGroup: () => Promise.resolve(),
  // Descriptors say who on Windows may listen: here it is whoever may enter the directory.
  hvSocketService: () => Promise.resolve(),
}

/** @throws {HcsFailure} the machine is as it was */
export async function carryChange(step: Step): Promise<void> {
  const { kind, type } = step.change
  const carry = CARRIES[kind]
  if (carry === undefined)
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, `${kind}: a machine of QEMU does not change it (${type})`)
  await carry(step)
}

// -------------------------------------------------------------------------------------------------------------------- disks

async function changeDisk({ machine, change: { segments, type, settings } }: Step): Promise<void> {
  const [key = '', lunText = ''] = segments
  const place = { controller: controllerNumber(key) ?? 0, lun: Number(lunText), at: '$.Settings.Path' }
  const disk = type === 'Remove' ? undefined : await planDisk(settings as Attachment, place)
  const id = diskId(place)
  if (type !== 'Add') {
    await machine.unplug(`${id}-dev`)
    await machine.execute('blockdev-del', { 'node-name': id })
  }
  if (disk === undefined) return
  await machine.execute('blockdev-add', blockdevOf(disk))
  await orUndo(machine, () => machine.execute('device_add', diskDeviceOf(disk)), ['blockdev-del', { 'node-name': id }])
}

// ----------------------------------------------------------------------------------------------------------------- adapters

async function changeNic({ vm, machine, change, around }: Step): Promise<void> {
  const { segments, type, settings } = change
  const key = segments[0] ?? ''
  const slots = vm.hardware?.nicSlots ?? {}
  const known = Object.keys(slots).find((name) => nicId(name) === nicId(key))
  const { runtimeId } = vm.system.model
  const { networks } = around
  const slot = known === undefined ? vm.freeNicSlot() : (slots[known] ?? 0)
  // Before anything is unplugged.
  const nic =
    type === 'Remove'
      ? undefined
      : planNic(key, settings as NetworkAdapter, { runtimeId, slot, at: '$.Settings', networks })
  if (type !== 'Add') await unplugNic(machine, key)
  if (nic !== undefined) {
    const id = nicId(key)
    const netdev = netdevOf(nic)
    await machine.execute('device_add', nicPortOf(nic))
    await orUndo(machine, async () => {
      if (netdev !== undefined) await machine.execute('netdev_add', netdev)
      await orUndo(
        machine,
        () => machine.execute('device_add', nicDeviceOf(nic)),
        netdev === undefined ? undefined : ['netdev_del', { id }],
      )
    }, ['device_del', { id: `${id}-port` }])
  }
  const rest = Object.fromEntries(Object.entries(slots).filter(([name]) => name !== known))
  const hardware = vm.hardware
  if (hardware !== undefined)
    vm.hardware = { ...hardware, nicSlots: nic === undefined ? rest : { ...rest, [key]: slot } }
}

async function unplugNic(machine: Machine, key: string): Promise<void> {
  const id = nicId(key)
  await machine.unplug(`${id}-dev`)
  // One that is plugged in nowhere has none.
  await machine.execute('netdev_del', { id }).catch(() => undefined)
  await machine.unplug(`${id}-port`)
}

// ------------------------------------------------------------------------------------------------------------------- memory

/** Below the size of the boot the guest gives some back; above it more is plugged in. */
async function changeMemory({ vm, machine, change }: Step): Promise<void> {
  const { hardware } = vm
  if (hardware === undefined) return
  const { bootMB } = hardware
  const size = Number(change.settings)
  const most = maximumMemoryMB(bootMB)
  if (size > most) {
    throw refusal(HRESULT.ERROR_COMMITMENT_LIMIT, `a machine that booted with ${bootMB} MB grows to ${most} MB at most`)
  }
  const more = Math.max(size - bootMB, 0)
  if (more > 0 && hardware.growthMB === undefined) {
    await machine.execute('object-add', growthObjectOf(bootMB))
    await orUndo(machine, () => machine.execute('device_add', growthDevice()), ['object-del', { id: 'growth' }])
  }
  if (more > 0 || hardware.growthMB !== undefined) {
    await machine.execute('qom-set', {
      path: `/machine/peripheral/${GROWTH}`,
      property: 'requested-size',
      value: more * MIB,
    })
    vm.hardware = { ...hardware, growthMB: more }
  }
  const inBoot = Math.min(size, bootMB)
  const isLinux = vm.system.model.guestOS === 'linux'
  if (isLinux) await machine.execute('balloon', { value: inBoot * MIB })
  else if (inBoot < bootMB) throw refusal(HRESULT.ERROR_NOT_SUPPORTED, `without a ${BALLOON} nothing can be given back`)
}

async function addPmem({ machine, change: { segments, type, settings } }: Step): Promise<void> {
  if (type !== 'Add') throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'QEMU cannot take a persistent memory device out')
  const device = settings as VirtualPMemDevice
  const foreign = pathRefusal('$.Settings.HostPath', device.HostPath)
  if (foreign !== undefined) throw foreign
  const plan = await planPmemDevice(Number(segments[0]), device)
  const object = pmemObjectOf(plan)
  await machine.execute('object-add', object)
  await orUndo(machine, () => machine.execute('device_add', pmemDeviceOf(plan)), ['object-del', { id: object['id'] }])
}

async function changeLimits({ change, around }: Step): Promise<void> {
  if (around.limit === undefined) {
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'the supervisor has no delegated cgroup to hold limits in')
  }
  around.limit(change.settings as ProcessorLimits)
}

/** Does one step; takes the one before it back when it fails. */
async function orUndo(
  machine: Machine,
  work: () => Promise<unknown>,
  undo: readonly [command: string, args: Record<string, unknown>] | undefined,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (undo !== undefined) await machine.execute(...undo).catch(() => undefined)
    throw error
  }
}
