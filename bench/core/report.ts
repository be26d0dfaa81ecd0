// The record a run leaves: one JSON document that later runs can be compared with.

import { execFileSync } from 'node:child_process'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'
import type { Figures } from './statistics.js'

interface Head {
  suite: string
  name: string
  metric: string
  unit: string
  better: 'more' | 'less'
  params: Readonly<Record<string, string | number>>
}

/** What one contender has shown. */
export interface Result extends Head, Figures {
  contender: string
}

/** One contender over another, of rounds in pairs. */
export interface Ratio extends Head, Figures {
  of: string
  to: string
}

export interface Machine {
  cpu: string
  cores: number
  ramMiB: number
  os: string
  node: string
  /** Mean number of runnable tasks in the minute before the run: above the number of cores others were at work. */
  load: number
}

export interface Report {
  /** Git commit, '+' behind it when the tree was changed; 'unknown' outside a checkout. */
  revision: string
  quick: boolean
  machine: Machine
  notes: string[]
  results: Result[]
  ratios: Ratio[]
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

function revision(): string {
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}

export function newReport(quick: boolean): Report {
  const [cpu] = cpus()
  const machine = {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    ramMiB: Math.round(totalmem() / 2 ** 20),
    os: `${platform()} ${release()}`,
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  }
  return { revision: revision(), quick, machine, notes: [], results: [], ratios: [] }
}

/** Lines that say how the ratios of the second report differ from those of the first, for every one that both have. */
export function compareReports(before: Report, after: Report): string[] {
  const key = ({ suite, name, metric, params, of, to }: Ratio): string =>
    [suite, name, metric, ...Object.entries(params).map(([param, value]) => `${param}=${value}`), `${of} / ${to}`].join(
      ' ',
    )
  const known = new Map(before.ratios.map((ratio) => [key(ratio), ratio]))
  return after.ratios.flatMap((now) => {
    const then = known.get(key(now))
    if (then === undefined) return []
    const isApart = now.low > then.high || now.high < then.low
    const verdict = isApart ? 'apart' : 'within the spread'
    return [`${key(now)}: ${then.median.toFixed(2)} -> ${now.median.toFixed(2)} (${verdict})`]
  })
}
