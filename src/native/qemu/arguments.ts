// From a VM that is about to start to the arguments of QEMU. Pure: what lies on the host was looked at before.

import type { ComputeSystem, VirtualPMemDevice } from '../../protocol/schema/index.js'
import { machineCommandLine } from './command-line.js'
import type { DiskPlan } from './images.js'
import { FIRST_NIC_SLOT, netdevOf, nicDeviceOf, nicPortOf, type NicPlan } from './network.js'

type VirtualMachine = NonNullable<ComputeSystem['VirtualMachine']>

/** A persistent memory device. */
export interface PmemPlan {
  readonly id: number
  readonly path: string
  /** A multiple of the page size, bytes. */
  readonly bytes: number
  readonly readOnly: boolean
}

export interface MachinePlan {
  readonly id: string
  readonly runtimeId: string
  readonly vm: VirtualMachine
  /** At boot; what comes to it later is `growthMB`. */
  readonly memoryMB: number
  /** Undefined: the memory was never more than at boot. */
  readonly growthMB: number | undefined
  readonly processors: number
  readonly accelerator: 'kvm' | 'tcg'
  readonly firmware: string | undefined
  readonly kernelArguments: readonly string[]
  /** Numbers of the SCSI controllers. */
  readonly controllers: readonly number[]
  readonly disks: readonly DiskPlan[]
  readonly nics: readonly NicPlan[]
  readonly pmem: readonly PmemPlan[]
  /** By number: the Unix socket that somebody listens on. */
  readonly comPorts: ReadonlyMap<number, string>
  /** Where QEMU listens for the supervisor. */
  readonly qmpPath: string
  /** Where the vsock daemon listens for QEMU; undefined for a VM without sockets, or one that is restored: it is plugged in later. */
  readonly vsockPath: string | undefined
  /** A file that is the memory; undefined: anonymous memory. */
  readonly ramPath: string | undefined
  /** It waits for a saved state. */
  readonly isIncoming: boolean
}

const MIB = 1024 * 1024

/**
 * Where each device is on the PCI bus. The places are fixed: a saved state fits only a machine that has every device where it was, whenever
 * it was plugged in.
 */
export const SLOT = {
  vsock: 2,
  balloon: 3,
  serial: 4,
  pvpanic: 5,
  scsi: 6,
  growth: 10,
  nic: FIRST_NIC_SLOT,
  pmem: 24,
} as const
/** Devices of each kind that there are places for. */
export const MAX_NICS = 8
export const MAX_PMEM = 8

export function hex(slot: number): string {
  return `0x${slot.toString(16)}`
}

/** A VM can grow by so much, whichever is more. */
const GROWTH_FACTOR = 4
const GROWTH_MB = 1024
/** Of the buffer of translated code: what a guest of this size uses. */
const TRANSLATION_MB = 64
/** Tells the guest's init of adapters, and has room for all that HCS allows. */
const MAX_PORTS = 31

/** Highest size of the memory that can be reached while the VM runs, MiB. */
export function maximumMemoryMB(bootMB: number): number {
  return Math.max(bootMB * GROWTH_FACTOR, bootMB + GROWTH_MB)
}

export function machineArguments(plan: MachinePlan): string[] {
  const { vm, accelerator, processors, vsockPath, isIncoming } = plan
  const isLinux = vm.Chipset?.LinuxKernelDirect != null
  return [
    ...['-name', `guest=${escaped(plan.id)},process=uvm`],
    ...['-uuid', plan.runtimeId],
    ...['-no-user-config', '-nodefaults'],
    ...['-display', 'none'],
    // What it could do beyond a machine it need not do: a guest that breaks into it finds no way to start programs.
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-machine', 'pc,memory-backend=ram,vmport=off'],
    ...['-accel', accelerator === 'kvm' ? 'kvm' : `tcg,tb-size=${TRANSLATION_MB}`],
    // The emulated processor has a source of entropy; without it a guest waits long for its first.
    ...['-cpu', accelerator === 'kvm' ? 'host' : 'qemu64,+rdrand'],
    ...['-smp', String(processors)],
    ...memoryArguments(plan),
    ...['-chardev', `socket,id=qmp,path=${escaped(plan.qmpPath)},server=on,wait=off`],
    ...['-mon', 'chardev=qmp,mode=control'],
    // The process stays when the guest ends, so that the supervisor can ask how, even one that was not there.
    ...['-action', `reboot=${vm.StopOnReset === true ? 'shutdown' : 'reset'},shutdown=pause,panic=pause`],
    ...bootArguments(plan),
    ...(isIncoming ? ['-incoming', 'defer'] : []),
    '-S',
    ...(vsockPath === undefined ? [] : ['-chardev', vsockChardev(vsockPath), ...device(VSOCK_DEVICE)]),
    ...(isLinux ? linuxDevices(plan.runtimeId) : []),
    ...[...plan.comPorts].flatMap(([port, path]) => [
      ...['-chardev', `socket,id=com${port},path=${escaped(path)},server=off,reconnect=1`],
      ...device({ driver: 'isa-serial', id: `com${port}-dev`, chardev: `com${port}`, index: port }),
    ]),
    ...(plan.growthMB === undefined
      ? []
      : [
          ...['-object', JSON.stringify(growthObjectOf(plan.memoryMB))],
          ...device({ ...growthDevice(), 'requested-size': plan.growthMB * MIB }),
        ]),
    ...plan.controllers.flatMap((number) =>
      device({ driver: 'virtio-scsi-pci', id: `scsi${number}`, addr: hex(SLOT.scsi + number) }),
    ),
    ...plan.disks.flatMap((disk) => ['-blockdev', JSON.stringify(blockdevOf(disk)), ...device(diskDeviceOf(disk))]),
    ...plan.pmem.flatMap((pmem) => ['-object', JSON.stringify(pmemObjectOf(pmem)), ...device(pmemDeviceOf(pmem))]),
    ...plan.nics.flatMap((nic) => {
      const netdev = netdevOf(nic)
      return [
        ...(isLinux ? device(nicPortOf(nic)) : []),
        ...(netdev === undefined ? [] : ['-netdev', JSON.stringify(netdev)]),
        ...device(nicDeviceOf(nic)),
      ]
    }),
  ]
}

/** The vsock device, and where QEMU finds its daemon. */
export const VSOCK_CHARDEV = 'vsock'
export const VSOCK_DEVICE = {
  driver: 'vhost-user-vsock-pci',
  id: 'vsock0',
  chardev: VSOCK_CHARDEV,
  addr: hex(SLOT.vsock),
} as const

function vsockChardev(path: string): string {
  return `socket,id=${VSOCK_CHARDEV},path=${escaped(path)}`
}

function linuxDevices(runtimeId: string): string[] {
  return [
    ...device({ driver: 'virtio-balloon-pci', id: BALLOON, addr: hex(SLOT.balloon) }),
    ...device({ driver: 'virtio-serial-pci', id: 'serial0', addr: hex(SLOT.serial), max_ports: MAX_PORTS }),
    ...device({ driver: 'pvpanic-pci', id: 'pvpanic0', addr: hex(SLOT.pvpanic) }),
    // A restored guest sees another generation, and makes new random numbers.
    ...device({ driver: 'vmgenid', id: 'vmgenid0', guid: runtimeId }),
  ]
}

export const BALLOON = 'balloon0'
export const GROWTH = 'growth0'

/** Of object-add: the memory that can come to that of the boot. None of it is taken before the guest has it. */
export function growthObjectOf(bootMB: number): Record<string, unknown> {
  const size = (maximumMemoryMB(bootMB) - bootMB) * MIB
  return { 'qom-type': 'memory-backend-memfd', id: 'growth', size, share: true, reserve: false }
}

/** Of device_add. */
export function growthDevice(): Record<string, unknown> {
  return { driver: 'virtio-mem-pci', id: GROWTH, memdev: 'growth', addr: hex(SLOT.growth) }
}

function memoryArguments({ vm, memoryMB, ramPath }: MachinePlan): string[] {
  const memory = vm.ComputeTopology?.Memory
  const pmem = vm.Devices?.VirtualPMem
  const roomMB = pmem == null ? 0 : Math.ceil(((pmem.MaximumCount ?? 0) * pmemBytes(pmem.MaximumSizeBytes)) / MIB)
  const object = {
    'qom-type': ramPath === undefined ? 'memory-backend-memfd' : 'memory-backend-file',
    id: 'ram',
    size: memoryMB * MIB,
    // The vsock daemon maps it too.
    share: true,
    ...(ramPath === undefined ? {} : { 'mem-path': ramPath }),
    ...(memory?.Backing === 'Physical' ? { prealloc: true } : {}),
  }
  return [
    ...['-m', `size=${memoryMB}M,slots=1,maxmem=${maximumMemoryMB(memoryMB) + roomMB}M`],
    ...['-object', JSON.stringify(object)],
  ]
}

/** What HCS falls back to when the document gives no size, bytes. */
const DEFAULT_PMEM_BYTES = 512 * MIB

function pmemBytes(size: number | bigint | null | undefined): number {
  return Number(size ?? 0) || DEFAULT_PMEM_BYTES
}

function bootArguments({ vm, firmware, kernelArguments, comPorts, controllers }: MachinePlan): string[] {
  const direct = vm.Chipset?.LinuxKernelDirect
  if (direct == null) return vm.Chipset?.Uefi == null || firmware === undefined ? [] : ['-bios', firmware]
  const line = machineCommandLine(direct.KernelCmdLine ?? '', {
    hasComPorts: comPorts.size > 0,
    controllers,
    more: kernelArguments,
  })
  return [
    ...['-kernel', direct.KernelFilePath ?? ''],
    ...(direct.InitRdPath ? ['-initrd', direct.InitRdPath] : []),
    ...['-append', line],
  ]
}

function device(properties: Readonly<Record<string, unknown>>): string[] {
  return ['-device', JSON.stringify(properties)]
}

/** In the options of QEMU that are no JSON a comma is written twice. */
function escaped(text: string): string {
  return text.replaceAll(',', ',,')
}

// ------------------------------------------------------------------------------------------------------------------ devices

export function diskId({ controller, lun }: { controller: number; lun: number }): string {
  return `disk-${controller}-${lun}`
}

/** Of blockdev_add. */
export function blockdevOf(disk: DiskPlan): Record<string, unknown> {
  return {
    driver: disk.driver,
    'node-name': diskId(disk),
    'read-only': disk.readOnly,
    file: { driver: disk.isDevice ? 'host_device' : 'file', filename: disk.path },
  }
}

/** Of device_add. */
export function diskDeviceOf(disk: DiskPlan): Record<string, unknown> {
  const { controller, lun, isCd } = disk
  return {
    driver: isCd ? 'scsi-cd' : 'scsi-hd',
    id: `${diskId(disk)}-dev`,
    bus: `scsi${controller}.0`,
    channel: 0,
    'scsi-id': 0,
    lun,
    drive: diskId(disk),
  }
}

/** Of object-add. */
export function pmemObjectOf({ id, path, bytes, readOnly }: PmemPlan): Record<string, unknown> {
  return {
    'qom-type': 'memory-backend-file',
    id: `pmem-${id}`,
    'mem-path': path,
    size: bytes,
    share: true,
    readonly: readOnly,
  }
}

export function pmemDeviceOf({ id }: PmemPlan): Record<string, unknown> {
  return { driver: 'virtio-pmem-pci', id: `pmem-${id}-dev`, memdev: `pmem-${id}`, addr: hex(SLOT.pmem + id) }
}

/** Whole pages of an image: the footer of a VHD is no part of what the guest sees. */
export function pmemPlanOf(id: number, { HostPath: path = '', ReadOnly }: VirtualPMemDevice, bytes: number): PmemPlan {
  const PAGE = 4096
  return { id, path, bytes: Math.floor(bytes / PAGE) * PAGE, readOnly: ReadOnly === true }
}
