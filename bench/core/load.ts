// Keeps calls under way and times them.

import { percentiles } from './statistics.js'
import type { Metric, Sample } from './suite.js'

export const CALL_METRICS = {
  calls: { unit: 'calls/s', better: 'more' },
  p50: { unit: 'µs', better: 'less' },
  p99: { unit: 'µs', better: 'less' },
  cpu: { unit: 'µs of CPU a call', better: 'less' },
} as const satisfies Record<string, Metric>

/** Makes `calls` calls, `outstanding` of them on their way at any time. CPU is that of this process, all threads. */
export async function load(
  call: (sequence: number) => Promise<unknown>,
  calls: number,
  outstanding: number,
): Promise<Sample> {
  const times = new Array<number>(calls).fill(0)
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < calls) {
      const sequence = next++
      const startMs = performance.now()
      await call(sequence)
      times[sequence] = (performance.now() - startMs) * 1000
    }
  }
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  await Promise.all(Array.from({ length: Math.min(outstanding, calls) }, caller))
  const tookMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpu)
  return { calls: (calls / tookMs) * 1000, ...percentiles(times), cpu: (user + system) / calls }
}
