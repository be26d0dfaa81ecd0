// Host.stats: what is open, added up over threads, and what is known of VMs and calls.

import { BOOLEAN } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import type { HostGuests } from './host-guests.js'
import type { HostStats, StatsOptions } from './host-options.js'
import type { HostParts } from './host-parts.js'
import type { HostThreads } from './host-threads.js'
import type { HostVms } from './host-vms.js'
import type { LatencyBook } from './latency.js'
import { VmFigures } from './vm-figures.js'

/** Host.stats. */
export const STATS_OPTIONS = optionTable<StatsOptions>('options', { vms: BOOLEAN })

export class HostFigures {
  readonly #parts: HostParts
  readonly #threads: HostThreads
  readonly #vms: HostVms
  readonly #guests: HostGuests
  readonly #latency: LatencyBook
  readonly #figures: VmFigures

  constructor(parts: HostParts, threads: HostThreads, vms: HostVms, guests: HostGuests, latency: LatencyBook) {
    this.#parts = parts
    this.#threads = threads
    this.#vms = vms
    this.#guests = guests
    this.#latency = latency
    this.#figures = new VmFigures(parts, vms, guests)
  }

  /** @param dropped by whoever counts it */
  async read(options: StatsOptions | undefined, dropped: () => number): Promise<HostStats> {
    checkOptions({ op: 'host.stats' }, options, STATS_OPTIONS)
    const { source, transport, environment } = this.#parts
    const { clock } = environment
    const { pools } = this.#threads
    const asked = options?.vms === true ? this.#figures.read() : undefined
    const gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
    const silent: NonNullable<HostStats['silent']> = []
    for (const one of await Promise.all(this.#threads.all.map((pool) => pool.gauges()))) {
      for (const key of Object.keys(gauges) as (keyof typeof gauges)[]) gauges[key] += one[key]
      for (const { threadId, sinceMs } of one.silent ?? []) {
        silent.push({ threadId, since: new Date(clock.wallTime() - (clock.now() - sinceMs)) })
      }
    }
    const vms = await asked
    // The ledger also knows what threads that are gone have opened; the gauges also know what is on its way to it.
    const native = source.counts?.()
    gauges.handles = Math.max(gauges.handles, native?.handles ?? 0)
    gauges.operations = Math.max(gauges.operations, native?.operations ?? 0)
    const { isOpen } = this.#threads
    return {
      threads: {
        actors: pools.reduce((sum, pool) => sum + pool.count, 0),
        service: isOpen ? source.serviceThreads : 0,
        callback: isOpen ? source.callbackThreads : 0,
        acceptor: isOpen ? transport.acceptorThreads : 0,
        side: this.#threads.sideCount,
      },
      actors: { vm: this.#vms.count, guest: this.#guests.count },
      ...gauges,
      ...(silent.length === 0 ? {} : { silent }),
      dropped: dropped(),
      latencyMs: this.#latency.summary(),
      ...(vms === undefined ? {} : { vms }),
    }
  }
}
