// Plots of a report: bars in SVG, written by hand. Colours are legible on a light page and on a dark one; what is written takes the
// colour that the reader's scheme asks for.

import type { Report, Result } from './report.js'
import { number } from './table.js'

const WIDTH = 720
const LABEL = 300
const VALUE = 110
const ROW = 20
const GAP = 14
const TITLE = 30
const COLOURS = ['#3b82c4', '#c9772b', '#4a9a5b', '#a05fb0', '#8a8a3a']

const STYLE = `text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:14px}.spread{stroke:#24292f}
@media (prefers-color-scheme:dark){text{fill:#d8dee4}.spread{stroke:#d8dee4}}`

export function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

/** One plot for each suite and metric: a bar for each contender, grouped by question; the line across its end is the middle half. */
export function plotsOf(report: Pick<Report, 'results'>): Map<string, string> {
  const plots = new Map<string, Result[]>()
  for (const result of report.results) {
    const name = `${result.suite}-${result.metric.replace(/[^a-z0-9]+/gi, '-')}`
    plots.set(name, [...(plots.get(name) ?? []), result])
  }
  return new Map([...plots].map(([name, results]) => [name, plot(results)]))
}

function groupOf({ name, params }: Result): string {
  const values = Object.entries(params).map(([param, value]) => `${value} ${param}`)
  return [name, ...values].join(', ')
}

export function plot(results: readonly Result[]): string {
  const [first] = results
  if (first === undefined) return ''
  const contenders = [...new Set(results.map(({ contender }) => contender))]
  const most = Math.max(...results.map(({ high }) => high).filter(Number.isFinite), Number.MIN_VALUE)
  const scale = (WIDTH - LABEL - VALUE) / most
  const lines: string[] = []
  let y = TITLE
  let group = ''
  for (const result of results) {
    if (groupOf(result) !== group) {
      group = groupOf(result)
      y += GAP
      lines.push(`<text class="title" x="8" y="${y}">${escapeText(group)}</text>`)
      y += 6
    }
    const { contender, median, low, high } = result
    const end = (value: number): string => (LABEL + value * scale).toFixed(1)
    const colour = COLOURS[contenders.indexOf(contender) % COLOURS.length]
    const middle = y + ROW / 2
    lines.push(
      `<text x="${LABEL - 8}" y="${middle + 4}" text-anchor="end">${escapeText(contender)}</text>`,
      `<rect x="${LABEL}" y="${y + 3}" width="${(median * scale).toFixed(1)}" height="${ROW - 6}" fill="${colour}"/>`,
      `<line class="spread" x1="${end(low)}" x2="${end(high)}" y1="${middle}" y2="${middle}"/>`,
      `<text x="${(LABEL + high * scale + 8).toFixed(1)}" y="${middle + 4}">${number(median)}</text>`,
    )
    y += ROW
  }
  const title = `${first.suite}: ${first.metric}, ${first.unit} (${first.better} is better)`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 10}" role="img" aria-label="${escapeText(title)}">
<style>${STYLE}</style>
<text class="title" x="8" y="20">${escapeText(title)}</text>
${lines.join('\n')}
</svg>
`
}
