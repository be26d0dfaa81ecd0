// A report as tables in Markdown, which read as well on a terminal: one for each question, a row for each metric and contender.

import type { Ratio, Report, Result } from './report.js'

/** Three significant digits, and no more decimals than that takes. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-GB')
  return value.toFixed(size >= 10 ? 1 : 2)
}

const paramsOf = (params: Result['params']): string =>
  Object.entries(params)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

const titleOf = ({ suite, name, params }: Result): string =>
  [`${suite}: ${name}`, paramsOf(params)].filter((part) => part !== '').join('; ')

const share = (value: number): string => value.toFixed(Math.abs(value) < 0.1 ? 4 : 2)

function ratioText({ median, low, high, to }: Ratio): string {
  return `${share(median)} of ${to} (${share(low)}..${share(high)})`
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(header), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n')
}

export function tablesOf({ results, ratios }: Pick<Report, 'results' | 'ratios'>): string {
  const groups = groupBy(results)
  return [...groups]
    .map(([title, rows]) => {
      const cells = rows.map((row) => {
        const own = ratios.filter(
          (ratio) =>
            titleOf({ ...row, ...ratio }) === title && ratio.metric === row.metric && ratio.of === row.contender,
        )
        return [
          row.metric,
          row.contender,
          `${number(row.median)} ${row.unit}`,
          `${number(row.low)}..${number(row.high)}`,
          own.map(ratioText).join('; '),
        ]
      })
      return `${title}\n\n${markdownTable(['metric', 'who', 'median', 'middle half', 'ratio of rounds'], cells)}\n`
    })
    .join('\n')
}

function groupBy(results: readonly Result[]): Map<string, Result[]> {
  const groups = new Map<string, Result[]>()
  for (const result of results) groups.set(titleOf(result), [...(groups.get(titleOf(result)) ?? []), result])
  return groups
}
