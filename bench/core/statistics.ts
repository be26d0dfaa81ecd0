// What is made of samples: medians, spread, percentiles, and the ratio of rounds in pairs.

export interface Figures {
  n: number
  median: number
  /** Half of the samples lie between these. */
  low: number
  high: number
  min: number
  max: number
}

/** The value that a share `q` of the sorted values lies below; between two of them, in proportion. NaN of nothing. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1)
  const below = sorted[Math.floor(at)] ?? NaN
  const above = sorted[Math.ceil(at)] ?? NaN
  return below + (above - below) * (at - Math.floor(at))
}

export function sort(samples: Iterable<number>): number[] {
  return [...samples].sort((one, other) => one - other)
}

export function figuresOf(samples: readonly number[]): Figures {
  const sorted = sort(samples)
  const at = (q: number): number => quantile(sorted, q)
  return { n: sorted.length, median: at(0.5), low: at(0.25), high: at(0.75), min: at(0), max: at(1) }
}

/** One over the other, round by round: what the machine does meanwhile hits both halves of a round alike. */
export function pairedRatios(of: readonly number[], to: readonly number[]): number[] {
  return of.flatMap((value, round) => {
    const other = to[round]
    return other === undefined || other === 0 ? [] : [value / other]
  })
}

/** Median and 99th percentile of single times. */
export function percentiles(times: readonly number[]): { p50: number; p99: number } {
  const sorted = sort(times)
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}
