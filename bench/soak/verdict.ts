// Whether a run was flat: a line through what was sampled after the warm-up, and what it says the run has grown by. The slope is that of
// Theil and Sen, the median of the slopes between all pairs of samples: a peak, or a third of the samples, does not move it.

export interface Sampled {
  /** Since the start of the run. */
  seconds: number
  value: number
}

/** What a series may grow by from the end of the warm-up to the end of the run. */
export interface Tolerance {
  /** Of its median. */
  fraction: number
  /** In its own unit: whichever of the two is more. */
  least: number
}

export interface Flatness {
  /** Samples that were judged. */
  samples: number
  median: number
  /** Of the line, per hour. */
  slopePerHour: number
  /** What the line says it has grown by. */
  growth: number
  /** What it might have. */
  allowed: number
  isFlat: boolean
}

/** With fewer samples a line says nothing. */
export const FEWEST_SAMPLES = 20

/** @returns undefined when there are too few samples after the warm-up */
export function judgeFlatness(
  series: readonly Sampled[],
  warmUpSeconds: number,
  { fraction, least }: Tolerance,
): Flatness | undefined {
  const judged = series.filter(({ seconds }) => seconds >= warmUpSeconds)
  if (judged.length < FEWEST_SAMPLES) return undefined
  const slope = medianSlope(judged)
  const median = medianOf(judged.map(({ value }) => value))
  const growth = slope * (judged.at(-1)!.seconds - judged[0]!.seconds)
  const allowed = Math.max(median * fraction, least)
  return { samples: judged.length, median, slopePerHour: slope * 3600, growth, allowed, isFlat: growth <= allowed }
}

function medianSlope(series: readonly Sampled[]): number {
  const slopes: number[] = []
  for (const [index, from] of series.entries()) {
    for (const to of series.slice(index + 1)) {
      if (to.seconds > from.seconds) slopes.push((to.value - from.value) / (to.seconds - from.seconds))
    }
  }
  return medianOf(slopes)
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** What is not zero, or more than it was before. */
export function leftOver(
  counts: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>> = {},
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )
}
