// How late the event loop of this thread is, at a resolution of 1 ms.

import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface Delay {
  p50: number
  p99: number
  p999: number
  max: number
}

/** Milliseconds beyond the resolution. The function that is returned ends the watch. */
export function watchDelay(): () => Delay {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  const beyond = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - 1)
  return () => {
    histogram.disable()
    return {
      p50: beyond(histogram.percentile(50)),
      p99: beyond(histogram.percentile(99)),
      p999: beyond(histogram.percentile(99.9)),
      max: beyond(histogram.max),
    }
  }
}
