// The sections of a system's property document.

import type { Properties, PropertyResponse } from '../../../protocol/schema/index.js'
import type { ComputeSystemModel } from './system.js'

/** 4 KiB pages in a MiB: memory is reported in these whatever backs it. */
const PAGES_PER_MB = 256
const TICKS_PER_MS = 10_000
/** Where the first region of shared memory lies in the guest, and how far apart they are. Ours. */
const REGIONS_AT = 0x1_0000_0000
const REGION_STEP = 0x1000_0000

type Section = (system: ComputeSystemModel, nowMs: number) => Partial<Properties>

/** Sections that answer while the VM has its memory and devices. The other property types have none on a VM. */
const LIVE_SECTIONS: Readonly<Record<string, Section>> = {
  Memory: (system) => ({ Memory: memory(system) }),
  Statistics: (system, nowMs) => ({ Statistics: statistics(system, nowMs) }),
  SharedMemoryRegion: ({ live }) => ({
    SharedMemoryRegionInfo: [...live.regions.keys()].map((SectionName, index) => ({
      SectionName,
      GuestPhysicalAddress: REGIONS_AT + index * REGION_STEP,
    })),
  }),
  GuestConnection: (system) => (ownsConnection(system) ? { GuestConnectionInfo: GUEST_CONNECTION } : {}),
  ProcessList: (system, nowMs) => (ownsConnection(system) ? { ProcessList: processes(system, nowMs) } : {}),
}

/** Sections that answer in every state. */
const SECTIONS: Readonly<Record<string, Section>> = {
  TerminateOnLastHandleClosed: (system) => ({ TerminateOnLastHandleClosed: system.terminatesWithLastHandle }),
  SystemGUID: (system) => ({ SystemGUID: system.runtimeId }),
}

/** One section of the property document; nothing when it does not apply now. */
export function section(system: ComputeSystemModel, type: string, nowMs: number): Partial<Properties> {
  const answer = SECTIONS[type] ?? (system.isLive ? LIVE_SECTIONS[type] : undefined)
  return answer?.(system, nowMs) ?? {}
}

/** Whether HCS itself talks to the guest. */
function ownsConnection({ document }: ComputeSystemModel): boolean {
  return document.VirtualMachine?.GuestConnection != null
}

const GUEST_CONNECTION = {
  SupportedSchemaVersions: [{ Major: 2, Minor: 1 }],
  ProtocolVersion: 4,
  GuestDefinedCapabilities: {
    NamespaceAddRequestSupported: true,
    SignalProcessSupported: true,
    DumpStacksSupported: true,
    DeleteContainerStateSupported: true,
    UpdateContainerSupported: true,
  },
}

function memory(system: ComputeSystemModel): NonNullable<Properties['Memory']> {
  const pages = system.live.memoryMB * PAGES_PER_MB
  return {
    VirtualNodeCount: 1,
    VirtualMachineMemory: {
      AvailableMemory: 70,
      AvailableMemoryBuffer: 20,
      ReservedMemory: 0,
      AssignedMemory: pages,
      SlpActive: false,
      BalancingEnabled: false,
      DmOperationInProgress: false,
    },
    VirtualNodes: [
      {
        VirtualNodeIndex: 0,
        PhysicalNodeNumber: 0,
        VirtualProcessorCount: system.processorCount,
        MemoryUsageInPages: pages,
      },
    ],
  }
}

/** Counters that grow with the time the VM has run: a twentieth of it in the guest, a third of that in its kernel. */
function statistics(system: ComputeSystemModel, nowMs: number): NonNullable<Properties['Statistics']> {
  const { upMs, ranMs } = system.times
  const ran = Math.floor(ranMs * TICKS_PER_MS)
  const runtime = Math.floor(ran / 20)
  const kernel = Math.floor(runtime / 3)
  const committed = system.live.memoryMB * 1024 * 1024
  return {
    Timestamp: timestamp(nowMs),
    ContainerStartTime: timestamp(system.startedMs ?? nowMs),
    Uptime100ns: Math.floor(upMs * TICKS_PER_MS),
    Processor: { TotalRuntime100ns: runtime, RuntimeUser100ns: runtime - kernel, RuntimeKernel100ns: kernel },
    Memory: {
      MemoryUsageCommitBytes: committed,
      MemoryUsageCommitPeakBytes: committed,
      MemoryUsagePrivateWorkingSetBytes: Math.floor(committed / 4),
    },
    Storage: {
      ReadCountNormalized: Math.floor(ran / 1_000_000),
      ReadSizeBytes: Math.floor(ran / 1_000_000) * 4096,
      WriteCountNormalized: Math.floor(ran / 5_000_000),
      WriteSizeBytes: Math.floor(ran / 5_000_000) * 4096,
    },
  }
}

/** Seven fractional digits, as HCS writes them. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '0000Z')
}

/** What every guest with a connection runs: its init and its guest service. */
function processes(system: ComputeSystemModel, nowMs: number): NonNullable<Properties['ProcessList']> {
  const names = system.guestOS === 'linux' ? ['/init', '/bin/gcs'] : ['smss.exe', 'vmcompute-agent.exe']
  const user = Math.floor((system.times.ranMs * TICKS_PER_MS) / 100)
  return names.map((ImageName, index) => ({
    ProcessId: index + 1,
    ImageName,
    CreateTimestamp: timestamp(system.startedMs ?? nowMs),
    UserTime100ns: user,
    KernelTime100ns: Math.floor(user / 2),
    MemoryCommitBytes: 4_194_304,
    MemoryWorkingSetPrivateBytes: 2_097_152,
    MemoryWorkingSetSharedBytes: 1_048_576,
  }))
}

/** The answer to one query of the form that names its response; undefined for a name that is no query. */
export function response(system: ComputeSystemModel, name: string): PropertyResponse | undefined {
  switch (name) {
    case 'Basic':
      return { Response: system.basicProperties() }
    case 'VmVersion':
      return { Response: { Major: 12, Minor: 0 } }
    case 'CompatibilityInfo':
      return { Response: { Data: Buffer.from(`simulated:${system.id}`).toString('base64') } }
    case 'VmProcessorRequirements':
      return { Response: { ProcessorCount: system.processorCount } }
    default:
      return undefined
  }
}
