// The record a run leaves: one JSON document that later runs can be compared with.

import { describeMachine, revision, type Machine } from './machine.js'
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

export interface Report {
  /** Git commit, '+' behind it when the tree was changed; 'unknown' outside a checkout. */
  revision: string
  quick: boolean
  machine: Machine
  notes: string[]
  results: Result[]
  ratios: Ratio[]
}

export function newReport(quick: boolean): Report {
  return { revision: revision(), quick, machine: describeMachine(), notes: [], results: [], ratios: [] }
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
