// What a VM says of itself: the sections of its property document that come from the machine.

import { readFile } from 'node:fs/promises'
import { isRecord, member } from '../../protocol/json.js'
import type { Properties, PropertyQuery, PropertyResponse } from '../../protocol/schema/index.js'
import type { Machine } from './machine.js'
import type { QemuVm } from './virtual-machine.js'

const PAGES_PER_MB = 256
/** Ticks of the kernel's clock, a hundred a second, in units of 100 ns. */
const TICK_100NS = 100_000
const MS_100NS = 10_000

/** The sections that answer while the VM has its machine. */
export async function liveSections(
  vm: QemuVm,
  machine: Machine,
  asked: PropertyQuery,
  nowMs: number,
): Promise<Partial<Properties>> {
  const types = new Set<string>(asked.PropertyTypes ?? [])
  return {
    ...(types.has('Memory') ? { Memory: memoryOf(vm) } : {}),
    ...(types.has('Statistics') ? { Statistics: await statisticsOf(vm, machine, nowMs) } : {}),
  }
}

export function responseOf(vm: QemuVm, name: string): PropertyResponse | undefined {
  const { model } = vm.system
  switch (name) {
    case 'Basic':
      return { Response: model.basicProperties() }
    case 'CompatibilityInfo':
      return { Response: { Data: Buffer.from(`qemu:${model.id}`).toString('base64') } }
    case 'VmProcessorRequirements':
      return { Response: { ProcessorCount: model.processorCount } }
    default:
      return undefined
  }
}

function memoryOf({ system: { model } }: QemuVm): NonNullable<Properties['Memory']> {
  const pages = model.live.memoryMB * PAGES_PER_MB
  return {
    VirtualNodeCount: 1,
    VirtualMachineMemory: {
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
        VirtualProcessorCount: model.processorCount,
        MemoryUsageInPages: pages,
      },
    ],
  }
}

async function statisticsOf(
  { system: { model } }: QemuVm,
  machine: Machine,
  nowMs: number,
): Promise<NonNullable<Properties['Statistics']>> {
  const [{ user, kernel }, { resident, peak }, disks] = await Promise.all([
    processorTimes(machine.pid),
    memoryUse(machine.pid),
    machine.execute('query-blockstats').catch(() => []),
  ])
  const committed = model.live.memoryMB * 1024 * 1024
  return {
    Timestamp: timestamp(nowMs),
    ContainerStartTime: timestamp(model.startedMs ?? nowMs),
    Uptime100ns: Math.floor(model.times.upMs * MS_100NS),
    Processor: { TotalRuntime100ns: user + kernel, RuntimeUser100ns: user, RuntimeKernel100ns: kernel },
    Memory: {
      MemoryUsageCommitBytes: committed,
      MemoryUsageCommitPeakBytes: Math.max(committed, peak),
      MemoryUsagePrivateWorkingSetBytes: resident,
    },
    Storage: {
      ReadCountNormalized: total(disks, 'rd_operations'),
      ReadSizeBytes: total(disks, 'rd_bytes'),
      WriteCountNormalized: total(disks, 'wr_operations'),
      WriteSizeBytes: total(disks, 'wr_bytes'),
    },
  }
}

/** Seven fractional digits, as HCS writes them. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '0000Z')
}

function total(devices: unknown, counter: string): number {
  if (!Array.isArray(devices)) return 0
  return devices.reduce((sum: number, device: unknown) => {
    const value = member(member(device, 'stats'), counter)
    return sum + (typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0)
  }, 0)
}

/** Of a process, in units of 100 ns. The name is in parentheses and may contain anything; user and kernel time are fields 14 and 15. */
async function processorTimes(pid: number): Promise<{ user: number; kernel: number }> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = (at: number): number => Number(fields[at] ?? 0) * TICK_100NS
  return { user: ticks(11), kernel: ticks(12) }
}

/** Bytes of host memory that a process holds. */
export async function memoryUse(pid: number): Promise<{ resident: number; peak: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
  return { resident: kib('VmRSS') * 1024, peak: kib('VmHWM') * 1024 }
}

/** Sections and responses that do not wait, as `answerRead` takes them. */
export function sourcesOf(
  vm: QemuVm,
  live: Partial<Properties>,
): {
  section: (system: unknown, type: string) => Partial<Properties>
  response: (system: unknown, name: string) => PropertyResponse | undefined
} {
  const { model } = vm.system
  return {
    section: (_, type) => {
      switch (type) {
        case 'TerminateOnLastHandleClosed':
          return { TerminateOnLastHandleClosed: model.terminatesWithLastHandle }
        case 'SystemGUID':
          return { SystemGUID: model.runtimeId }
        default: {
          const found: unknown = member(live, type)
          return isRecord(found) ? { [type]: found } : {}
        }
      }
    },
    response: (_, name) => responseOf(vm, name),
  }
}
