// The record a benchmark leaves: one JSON document per run that later runs can be compared with.

import { execFileSync } from 'node:child_process'
import { cpus, platform, release, totalmem } from 'node:os'

export interface Result {
  name: string
  unit: string
  params: Record<string, string | number>
  /** Samples thrown away before the first that counts. */
  warmup: number
  n: number
  mean: number
  stdDev: number
  min: number
  p50: number
  p99: number
  max: number
  errors: number
}

/** One contender's mean over another's, from samples taken in turns. */
export interface Ratio {
  name: string
  params: Record<string, string | number>
  of: string
  to: string
  ratio: number
}

export interface Report {
  /** Git commit, '+' behind it when the tree was changed; 'unknown' outside a checkout. */
  revision: string
  host: 'fake' | 'hyper-v'
  machine: { cpu: string; cores: number; ramMiB: number; os: string; node: string }
  results: Result[]
  ratios: Ratio[]
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

function revision(): string {
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}

export function newReport(results: Result[], ratios: Ratio[]): Report {
  const [cpu] = cpus()
  return {
    revision: revision(),
    host: 'fake',
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      ramMiB: Math.round(totalmem() / 2 ** 20),
      os: `${platform()} ${release()}`,
      node: process.version,
    },
    results,
    ratios,
  }
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
}

/** The figures of a series of samples. */
export function summarise(
  head: Pick<Result, 'name' | 'unit' | 'params' | 'warmup' | 'errors'>,
  samples: readonly number[],
): Result {
  const sorted = [...samples].sort((a, b) => a - b)
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length
  const variance = samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / Math.max(1, samples.length - 1)
  return {
    ...head,
    n: samples.length,
    mean,
    stdDev: Math.sqrt(variance),
    min: sorted[0] ?? 0,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: sorted.at(-1) ?? 0,
  }
}

/** Lines that say how the second report differs from the first, for every result that both have. */
export function compareReports(before: Report, after: Report): string[] {
  if (before.host !== after.host) return [`not comparable: ${before.host} and ${after.host}`]
  const key = ({ name, params }: Result): string => `${name} ${JSON.stringify(params)}`
  const known = new Map(before.results.map((result) => [key(result), result]))
  return after.results.flatMap((now) => {
    const then = known.get(key(now))
    if (then === undefined) return []
    const change = ((now.mean - then.mean) / then.mean) * 100
    const isLarger = Math.abs(now.mean - then.mean) > Math.max(now.stdDev, then.stdDev)
    const verdict = isLarger ? 'more than the spread' : 'within the spread'
    const sign = change < 0 ? '' : '+'
    return [
      `${key(now)} (${now.unit}): ${then.mean.toFixed(1)} -> ${now.mean.toFixed(1)}, ${sign}${change.toFixed(1)} % (${verdict})`,
    ]
  })
}
