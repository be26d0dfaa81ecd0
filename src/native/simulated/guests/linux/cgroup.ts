// Control group counters of a container, as version 1 of the kernel's interface counts them. Members that are zero are left out.

import { foldedMember as member } from '../../../../protocol/bridge/folding.js'
import { optionalObject, type Document } from '../decode.js'
import type { GuestKernel } from '../kernel.js'

const BYTES_PER_MB = 1024 * 1024
const NS_PER_MS = 1_000_000
/** What a process of ours takes, bytes. */
const PROCESS_BYTES = 2 * BYTES_PER_MB

/** Bytes the container's processes may use; that of the guest when it has no limit. */
export function memoryLimit(kernel: GuestKernel, resources: Document): number {
  const limit = Number(member(optionalObject(resources, 'memory') ?? {}, 'limit') ?? 0)
  return limit > 0 ? limit : kernel.machine.memoryMB() * BYTES_PER_MB
}

export interface MeteredContainer {
  readonly resources: Document
  /** The most its processes have used, bytes. */
  peakMemoryBytes: number
  /** Processes that are running. */
  running(): readonly unknown[]
  /** How long it has run, ms. */
  ranMs(): number
}

/** The counters of the container's control group now. */
export function cgroupMetrics(kernel: GuestKernel, container: MeteredContainer): Document {
  const count = container.running().length
  const { resources } = container
  const pids = Number(member(optionalObject(resources, 'pids') ?? {}, 'limit') ?? 0)
  const limit = memoryLimit(kernel, resources)
  const usage = Math.min(count * PROCESS_BYTES, limit)
  container.peakMemoryBytes = Math.max(container.peakMemoryBytes, usage)
  // A fiftieth of the time it has run, a quarter of that in the kernel.
  const total = Math.floor((container.ranMs() * NS_PER_MS) / 50)
  const kernelTime = Math.floor(total / 4)
  return withoutZeros({
    pids: { current: count, limit: Math.max(0, pids) },
    cpu: { usage: { total, kernel: kernelTime, user: total - kernelTime } },
    memory: {
      rss: usage,
      usage: { limit, usage, max: container.peakMemoryBytes },
    },
    memory_oom_control: { oom_kill_disable: 0, under_oom: 0 },
  })
}

function withoutZeros(document: Document): Document {
  const kept = Object.entries(document).flatMap(([name, value]): [string, unknown][] => {
    if (typeof value === 'object' && value !== null) return [[name, withoutZeros(value as Document)]]
    return value === 0 ? [] : [[name, value]]
  })
  return Object.fromEntries(kept)
}
