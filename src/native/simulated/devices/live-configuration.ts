// The devices and limits of a VM as they are now: what the create document asked for, and what modifications made of it. A device class
// that the document does not have is undefined here: nothing of it can be added later.

import { NULL_GUID } from '../../../protocol/guid.js'
import { serialiseDocument } from '../../../protocol/document.js'
import { parseJson } from '../../../protocol/json.js'
import type {
  Attachment,
  ComPort,
  ComputeSystem,
  FlexibleIoDevice,
  GpuConfiguration,
  HvSocketServiceConfig,
  NetworkAdapter,
  Plan9Share,
  ProcessorLimits,
  SharedMemoryRegion,
  VirtualPciDevice,
  VirtualPMemDevice,
  VirtualPMemMapping,
  VirtualSmbShare,
} from '../../../protocol/schema/index.js'

/** A filled persistent memory device: the image at offset 0, and more behind it. */
export interface PmemDevice {
  device: VirtualPMemDevice
  /** By byte offset. */
  mappings: Map<number, VirtualPMemMapping>
}

export interface PmemController {
  maximumCount: number
  maximumSizeBytes: number
  devices: Map<number, PmemDevice>
}

export interface LiveConfiguration {
  /** By controller key, then LUN. */
  scsi: Map<string, Map<number, Attachment>>
  vpmem: PmemController | undefined
  /** By name. */
  vsmb: Map<string, VirtualSmbShare> | undefined
  plan9: Plan9Share[] | undefined
  adapters: Map<string, NetworkAdapter>
  /** By VMBus GUID. */
  pci: Map<string, VirtualPciDevice>
  pipes: Set<string>
  comPorts: Map<number, ComPort>
  /** The service table, by lower-case GUID. */
  services: Map<string, HvSocketServiceConfig> | undefined
  flexibleIov: Map<string, FlexibleIoDevice>
  /** By section name. */
  regions: Map<string, SharedMemoryRegion>
  memoryMB: number
  limits: ProcessorLimits
  cpuGroup: string | undefined
  /** MHz; 0 is none. */
  frequencyCapMHz: number
  idledProcessors: number
  gpu: GpuConfiguration | undefined
}

/** What HCS falls back to when the document gives no size, bytes. */
const DEFAULT_PMEM_BYTES = 512 * 1024 * 1024

/** The configuration that a create document asks for. */
export function liveConfigurationOf(document: ComputeSystem): LiveConfiguration {
  const vm = document.VirtualMachine ?? {}
  const devices = vm.Devices ?? {}
  const processor = vm.ComputeTopology?.Processor ?? {}
  const group = processor.CpuGroup?.Id?.toLowerCase()
  const services = devices.HvSocket == null ? undefined : (devices.HvSocket.HvSocketConfig?.ServiceTable ?? {})
  return {
    scsi: new Map(
      entries(devices.Scsi).map(([key, controller]) => [key, byNumber(controller?.Attachments ?? undefined)]),
    ),
    vpmem:
      devices.VirtualPMem == null
        ? undefined
        : {
            maximumCount: devices.VirtualPMem.MaximumCount ?? 0,
            maximumSizeBytes: Number(devices.VirtualPMem.MaximumSizeBytes ?? 0) || DEFAULT_PMEM_BYTES,
            devices: new Map(
              [...byNumber(devices.VirtualPMem.Devices)].map(([id, device]) => [
                id,
                { device, mappings: byNumber(device.Mappings) },
              ]),
            ),
          },
    vsmb:
      devices.VirtualSmb == null
        ? undefined
        : new Map((devices.VirtualSmb.Shares ?? []).map((share) => [share.Name ?? '', share])),
    plan9: devices.Plan9 == null ? undefined : [...(devices.Plan9.Shares ?? [])],
    adapters: new Map(entries(devices.NetworkAdapters)),
    pci: new Map(entries(devices.VirtualPci)),
    pipes: new Set(),
    comPorts: byNumber(devices.ComPorts),
    services: services === undefined ? undefined : new Map(entries(services).map(([id, config]) => [bare(id), config])),
    flexibleIov: new Map(entries(devices.FlexibleIov)),
    regions: new Map((devices.SharedMemory?.Regions ?? []).map((region) => [region.SectionName ?? '', region])),
    memoryMB: Number(vm.ComputeTopology?.Memory?.SizeInMB ?? 0),
    limits: { Limit: processor.Limit, Weight: processor.Weight, Reservation: processor.Reservation },
    cpuGroup: group === NULL_GUID ? undefined : group,
    frequencyCapMHz: processor.MaximumFrequencyMHz ?? 0,
    idledProcessors: 0,
    gpu: undefined,
  }
}

function entries<T>(table: Record<string, T> | null | undefined): [string, T][] {
  return Object.entries(table ?? {})
}

function byNumber<T>(table: Record<string, T> | null | undefined): Map<number, T> {
  return new Map(entries(table).map(([key, value]) => [Number(key), value]))
}

function bare(guid: string): string {
  return guid.replace(/[{}]/g, '').toLowerCase()
}

// ---------------------------------------------------------------------------------------------------------------- as text

/** The whole configuration as one text: for saved states, and to compare two of them. */
export function writeLive(live: LiveConfiguration): string {
  return serialiseDocument(undefined, {
    ...live,
    scsi: [...live.scsi].map(([key, disks]) => [key, [...disks]]),
    vpmem: live.vpmem && {
      ...live.vpmem,
      devices: [...live.vpmem.devices].map(([id, { device, mappings }]) => [id, device, [...mappings]]),
    },
    vsmb: live.vsmb && [...live.vsmb],
    adapters: [...live.adapters],
    pci: [...live.pci],
    pipes: [...live.pipes],
    comPorts: [...live.comPorts],
    services: live.services && [...live.services],
    flexibleIov: [...live.flexibleIov],
    regions: [...live.regions],
  })
}

type Entries<K, V> = readonly (readonly [K, V])[]

/** The form of the text: every map as its entries. */
interface WrittenLive extends Pick<
  LiveConfiguration,
  'plan9' | 'memoryMB' | 'limits' | 'cpuGroup' | 'frequencyCapMHz' | 'idledProcessors' | 'gpu'
> {
  scsi: Entries<string, Entries<number, Attachment>>
  vpmem?: Omit<PmemController, 'devices'> & {
    devices: readonly (readonly [number, VirtualPMemDevice, Entries<number, VirtualPMemMapping>])[]
  }
  vsmb?: Entries<string, VirtualSmbShare>
  adapters: Entries<string, NetworkAdapter>
  pci: Entries<string, VirtualPciDevice>
  pipes: string[]
  comPorts: Entries<number, ComPort>
  services?: Entries<string, HvSocketServiceConfig>
  flexibleIov: Entries<string, FlexibleIoDevice>
  regions: Entries<string, SharedMemoryRegion>
}

/** What writeLive wrote. @throws {Error} it did not */
export function readLive(text: string): LiveConfiguration {
  const written = parseJson(text) as WrittenLive
  const { vpmem, vsmb, services } = written
  return {
    scsi: new Map(written.scsi.map(([key, disks]) => [key, new Map(disks)])),
    vpmem: vpmem && {
      ...vpmem,
      devices: new Map(vpmem.devices.map(([id, device, mappings]) => [id, { device, mappings: new Map(mappings) }])),
    },
    vsmb: vsmb && new Map(vsmb),
    plan9: written.plan9,
    adapters: new Map(written.adapters),
    pci: new Map(written.pci),
    pipes: new Set(written.pipes),
    comPorts: new Map(written.comPorts),
    services: services && new Map(services),
    flexibleIov: new Map(written.flexibleIov),
    regions: new Map(written.regions),
    memoryMB: written.memoryMB,
    limits: written.limits,
    cpuGroup: written.cpuGroup,
    frequencyCapMHz: written.frequencyCapMHz,
    idledProcessors: written.idledProcessors,
    gpu: written.gpu,
  }
}
