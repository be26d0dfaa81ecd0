// One compute system of the simulated service: its state, its devices as they are now, and its property documents.

import { HRESULT } from '../../protocol/hresult.js'
import type {
  Attachment,
  ComputeSystem,
  NetworkAdapter,
  Properties,
  ProcessorLimits,
} from '../../protocol/schema/index.js'
import { guestOSOfDocument, type GuestOS } from '../../protocol/guest-os.js'
import { runtimeIdOf } from './runtime-id.js'
import type { SystemState } from './states.js'

/** The devices and limits that can change while the VM runs. */
export interface LiveConfiguration {
  /** By controller key, then LUN. */
  readonly scsi: Map<string, Map<number, Attachment>>
  readonly adapters: Map<string, NetworkAdapter>
  memoryMB: number
  limits: ProcessorLimits
  cpuGroup: string | undefined
}

export interface SystemExit {
  exitType: string
  /** HRESULT, unsigned. */
  status: number
  /** SystemExit attribution: what happened and who asked for it. */
  detail: string
  initiator: string
}

/** 4 KiB pages in a MiB: memory is reported in these whatever backs it. */
const PAGES_PER_MB = 256
const TICKS_PER_MS = 10_000

export class ComputeSystemModel {
  readonly id: string
  readonly runtimeId: string
  readonly owner: string | undefined
  readonly document: ComputeSystem
  readonly guestOS: GuestOS
  readonly live: LiveConfiguration
  state: SystemState = 'Created'
  exit: SystemExit | undefined
  startedMs: number | undefined
  /** A save-to-file has succeeded since the last resume. */
  saved = false

  constructor(id: string, document: ComputeSystem) {
    this.id = id
    this.document = document
    this.owner = document.Owner
    this.runtimeId = runtimeIdOf(id)
    const vm = document.VirtualMachine ?? {}
    this.guestOS = guestOSOfDocument(document)
    const { Scsi = {}, NetworkAdapters = {} } = vm.Devices ?? {}
    const processor = vm.ComputeTopology?.Processor ?? {}
    this.live = {
      scsi: new Map(
        Object.entries(Scsi).map(([key, controller]) => [
          key,
          new Map(Object.entries(controller?.Attachments ?? {}).map(([lun, disk]) => [Number(lun), disk])),
        ]),
      ),
      adapters: new Map(Object.entries(NetworkAdapters)),
      memoryMB: Number(vm.ComputeTopology?.Memory?.SizeInMB ?? 0),
      limits: { Limit: processor.Limit, Weight: processor.Weight, Reservation: processor.Reservation },
      cpuGroup: processor.CpuGroup?.Id?.toLowerCase(),
    }
  }

  get terminatesWithLastHandle(): boolean {
    return this.document.ShouldTerminateOnLastHandleClosed === true
  }

  get processorCount(): number {
    return this.document.VirtualMachine?.ComputeTopology?.Processor?.Count ?? 1
  }

  /** The property document without sections. A system that was never started has no State. */
  basicProperties(): Properties {
    const ownsConnection = this.document.VirtualMachine?.GuestConnection != null
    return {
      Id: this.id,
      SystemType: 'VirtualMachine',
      ...(ownsConnection ? { RuntimeOsType: this.guestOS === 'linux' ? 'Linux' : 'Windows' } : {}),
      ...(this.owner === undefined ? {} : { Owner: this.owner }),
      RuntimeId: this.runtimeId,
      ...(this.state === 'Created' ? {} : { State: this.state }),
      ...(this.exit === undefined ? {} : { Stopped: true, ExitType: this.exit.exitType }),
    }
  }

  /** One section of the property document; undefined when it does not apply now. */
  section(type: string, nowMs: number): Partial<Properties> | undefined {
    switch (type) {
      case 'Memory':
        return this.#isLive() ? { Memory: this.#memory() } : undefined
      case 'Statistics':
        return this.#isLive() ? { Statistics: this.#statistics(nowMs) } : undefined
      case 'TerminateOnLastHandleClosed':
        return { TerminateOnLastHandleClosed: this.terminatesWithLastHandle }
      case 'GuestConnection':
        return this.document.VirtualMachine?.GuestConnection != null && this.#isLive()
          ? { GuestConnectionInfo: { SupportedSchemaVersions: [{ Major: 2, Minor: 1 }], ProtocolVersion: 4 } }
          : undefined
      default:
        return undefined
    }
  }

  #isLive(): boolean {
    return this.state === 'Running' || this.state === 'Paused'
  }

  #memory(): NonNullable<Properties['Memory']> {
    const pages = this.live.memoryMB * PAGES_PER_MB
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
          VirtualProcessorCount: this.processorCount,
          MemoryUsageInPages: pages,
        },
      ],
    }
  }

  /** Counters that grow with the time the VM has run: a twentieth of it in the guest, a third of that in its kernel. */
  #statistics(nowMs: number): NonNullable<Properties['Statistics']> {
    const startedMs = this.startedMs ?? nowMs
    const uptime = Math.max(0, Math.round((nowMs - startedMs) * TICKS_PER_MS))
    const runtime = Math.floor(uptime / 20)
    const kernel = Math.floor(runtime / 3)
    const committed = this.live.memoryMB * 1024 * 1024
    return {
      Timestamp: new Date(nowMs).toISOString(),
      ContainerStartTime: new Date(startedMs).toISOString(),
      Uptime100ns: uptime,
      Processor: { TotalRuntime100ns: runtime, RuntimeUser100ns: runtime - kernel, RuntimeKernel100ns: kernel },
      Memory: {
        MemoryUsageCommitBytes: committed,
        MemoryUsageCommitPeakBytes: committed,
        MemoryUsagePrivateWorkingSetBytes: Math.floor(committed / 4),
      },
      Storage: {
        ReadCountNormalized: Math.floor(uptime / 1_000_000),
        ReadSizeBytes: Math.floor(uptime / 1_000_000) * 4096,
        WriteCountNormalized: Math.floor(uptime / 5_000_000),
        WriteSizeBytes: Math.floor(uptime / 5_000_000) * 4096,
      },
    }
  }

  /** SystemExitStatus of the exit event. */
  exitDocument(): string {
    const exit = this.exit
    if (exit === undefined) return ''
    return JSON.stringify({
      Status: exit.status | 0,
      ExitType: exit.exitType,
      Attribution: [{ SystemExit: { Detail: exit.detail, Initiator: exit.initiator } }],
    })
  }
}

/** The ways in which a system ends. */
export const EXIT = {
  terminated: { exitType: 'ForcedExit', status: 0, detail: 'Terminate', initiator: 'Client' },
  shutDown: { exitType: 'GracefulExit', status: 0, detail: 'Shutdown', initiator: 'GuestOS' },
  unexpected: {
    exitType: 'UnexpectedExit',
    status: HRESULT.VMCOMPUTE_UNEXPECTED_EXIT,
    detail: 'UnexpectedExit',
    initiator: 'Internal',
  },
} as const satisfies Record<string, SystemExit>

/** The exit that a fault rule names. */
export function exitOfType(exitType: string): SystemExit {
  const known = Object.values(EXIT).find((exit) => exit.exitType === exitType)
  return known ?? { exitType, status: 0, detail: 'UnexpectedExit', initiator: 'Unknown' }
}
