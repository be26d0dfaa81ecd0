// What the process holds at one moment: memory, what the system counts, what Node.js counts, what the Host counts.

import { readdirSync, readlinkSync } from 'node:fs'
import { loadavg } from 'node:os'
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Host, HostStats } from '#dist/index.js'

const MIB = 1024 * 1024
const RESOLUTION_MS = 10

/** Counts of this process. Absent where the system does not tell. */
export interface ProcessCounts {
  /** Open file descriptors, sockets and files. */
  descriptors?: number
  threads?: number
  /** What Node.js has active on the main thread: timers, ports, handles. */
  resources: number
}

export interface Sample extends ProcessCounts {
  seconds: number
  /** Lives that have ended. */
  lives: number
  /** MiB, all threads. */
  residentMiB: number
  /** MiB of the main thread after a collection. */
  heapMiB: number
  /** Of the event loop of the main thread since the last sample, milliseconds. */
  delayMs: { p50: number; p99: number; max: number }
  /** Of the machine, over the last minute. */
  load: number
  vms: number
  guests: number
  handles: number
  operations: number
  hostSockets: number
  queued: number
}

/** What must be zero when every VM is closed. */
export function openOf(stats: HostStats): Record<string, number> {
  const { actors, handles, operations, sockets, queued, abandoned } = stats
  return { vmActors: actors.vm, guestActors: actors.guest, handles, operations, sockets, queued, abandoned }
}

function entries(directory: string): string[] | undefined {
  try {
    return readdirSync(directory)
  } catch {
    return undefined
  }
}

/** What each open descriptor is, such as `socket:[7]` or a path. */
export function openDescriptors(): string[] {
  return (entries('/proc/self/fd') ?? []).map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      // That of the listing itself.
      return 'closed'
    }
  })
}

export function processCounts(): ProcessCounts {
  const [descriptors, threads] = [entries('/proc/self/fd')?.length, entries('/proc/self/task')?.length]
  return {
    ...(descriptors === undefined ? {} : { descriptors }),
    ...(threads === undefined ? {} : { threads }),
    resources: process.getActiveResourcesInfo().length,
  }
}

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

export class Sampler {
  readonly #startedMs = performance.now()
  readonly #collect = collector()
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  constructor() {
    this.#delay.enable()
  }

  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000
  }

  async sample(host: Host, lives: number): Promise<Sample> {
    const delayMs = this.#delays()
    const stats = await host.stats()
    this.#collect()
    const { rss, heapUsed } = process.memoryUsage()
    return {
      seconds: this.seconds,
      lives,
      residentMiB: rss / MIB,
      heapMiB: heapUsed / MIB,
      delayMs,
      load: loadavg()[0] ?? 0,
      vms: stats.actors.vm,
      guests: stats.actors.guest,
      handles: stats.handles,
      operations: stats.operations,
      hostSockets: stats.sockets,
      queued: stats.queued,
      ...processCounts(),
    }
  }

  #delays(): Sample['delayMs'] {
    const beyond = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
    const { max } = this.#delay
    const delays = {
      p50: beyond(this.#delay.percentile(50)),
      p99: beyond(this.#delay.percentile(99)),
      max: Number.isFinite(max) ? beyond(max) : 0,
    }
    // Without a tick since then there is nothing to tell.
    this.#delay.reset()
    return delays
  }

  end(): void {
    this.#delay.disable()
  }
}
