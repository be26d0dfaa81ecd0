// How long calls take, by operation: what Host.stats() reports.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { HostStats } from './host-options.js'

const MICROSECONDS_PER_MS = 1000

export class LatencyBook {
  readonly #histograms = new Map<string, RecordableHistogram>()

  record(op: string, ms: number): void {
    let histogram = this.#histograms.get(op)
    if (histogram === undefined) this.#histograms.set(op, (histogram = createHistogram()))
    // Histograms take whole numbers of at least 1.
    histogram.record(Math.max(1, Math.round(ms * MICROSECONDS_PER_MS)))
  }

  summary(): HostStats['latencyMs'] {
    return Object.fromEntries(
      [...this.#histograms].map(([op, histogram]) => [
        op,
        {
          n: histogram.count,
          p50: histogram.percentile(50) / MICROSECONDS_PER_MS,
          p99: histogram.percentile(99) / MICROSECONDS_PER_MS,
          max: histogram.max / MICROSECONDS_PER_MS,
        },
      ]),
    )
  }
}
