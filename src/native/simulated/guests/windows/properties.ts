// GetProperties of a Windows guest: one document for both query forms; each reader takes what it knows.

import { decodeAs, decodeNested, textOf, textsOf, type Document } from '../decode.js'
import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import type { GuestKernel } from '../kernel.js'
import type { SimulatedProcess } from '../process.js'
import type { WindowsContainer } from './container.js'

const TICKS_PER_MS = 10_000
const BYTES_PER_MB = 1024 * 1024
const STATES = { created: 'Created', running: 'Running', terminated: 'Stopped' } as const

/** Types of a query. A query that is empty asks for the basic properties. @throws {GuestFault} */
export function queriedTypes(request: Document): ReadonlySet<string> {
  const query = textOf(request, 'Query') === '' ? {} : decodeNested(request, 'Query')
  const types = textsOf(query, 'PropertyTypes')
  const queries = member(decodeAs('PropertyQuery', { Queries: member(query, 'Queries') }, 'Query'), 'Queries')
  return new Set([...types, ...Object.keys(queries ?? {})])
}

export function windowsProperties(
  kernel: GuestKernel,
  container: WindowsContainer | undefined,
  processes: readonly SimulatedProcess[],
  types: ReadonlySet<string>,
): Document {
  const id = container?.id ?? kernel.machine.id
  const silo = container?.siloId ?? kernel.machine.runtimeId
  const state = container === undefined ? 'Running' : STATES[container.state]
  return {
    Id: id,
    SystemType: 'Container',
    RuntimeOsType: 'Windows',
    Name: id,
    State: state,
    RuntimeId: silo,
    ...(container?.state === 'terminated' ? { Stopped: true, ExitType: 'GracefulExit' } : {}),
    ...(types.has('SystemGUID') ? { SystemGUID: silo, SiloGuid: silo } : {}),
    ...(types.has('ProcessList') ? { ProcessList: processes.map((process) => processItem(kernel, process)) } : {}),
    ...(types.has('Statistics') ? { Statistics: statistics(kernel, container, processes.length) } : {}),
    ...(types.has('Memory') ? { Memory: { VirtualNodeCount: 1 } } : {}),
    ...(types.has('TerminateOnLastHandleClosed') ? { TerminateOnLastHandleClosed: false } : {}),
  }
}

function processItem(kernel: GuestKernel, process: SimulatedProcess): Document {
  return {
    ProcessId: process.pid,
    ImageName: /^"?(?:[^"\s]*\\)?([^"\\\s]+)/.exec(process.command)?.[1] ?? '',
    CreateTimestamp: kernel.now().toISOString(),
    UserTime100ns: 100_000,
    KernelTime100ns: 50_000,
    MemoryCommitBytes: 2 * BYTES_PER_MB,
  }
}

function statistics(kernel: GuestKernel, container: WindowsContainer | undefined, processes: number): Document {
  const uptime = Math.max(0, Math.floor((kernel.uptimeMs() - (container?.createdMs ?? 0)) * TICKS_PER_MS))
  const total = Math.floor(uptime / 50)
  const memory = Math.max(1, processes) * 8 * BYTES_PER_MB
  return {
    Timestamp: kernel.now().toISOString(),
    ContainerStartTime: new Date(kernel.now().getTime() - uptime / TICKS_PER_MS).toISOString(),
    Uptime100ns: uptime,
    Processor: {
      TotalRuntime100ns: total,
      RuntimeUser100ns: total - Math.floor(total / 4),
      RuntimeKernel100ns: Math.floor(total / 4),
    },
    Memory: {
      MemoryUsageCommitBytes: memory,
      MemoryUsageCommitPeakBytes: memory,
      MemoryUsagePrivateWorkingSetBytes: Math.floor(memory / 2),
    },
    Storage: { ReadCountNormalized: 0, ReadSizeBytes: 0, WriteCountNormalized: 0, WriteSizeBytes: 0 },
  }
}
