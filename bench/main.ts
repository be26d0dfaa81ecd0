// The benchmarks' command line: runs suites, prints tables, writes a record and plots, or compares two records.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compareReports, type Report } from './core/report.js'
import { plotsOf } from './core/plot.js'
import { runSuites } from './core/run.js'
import { SUITES } from './suites/all.js'

const USAGE = `Usage: npm run bench [-- options]
       npm run bench -- compare before.json after.json

  --quick        small sizes, few rounds: within a minute
  --suite NAME   this suite alone; can be given several times (${SUITES.map(({ name }) => name).join(', ')})
  --rounds N     rounds of each question that count (default 7, quick 2)
  --out FILE     where the record goes (default bench/results/latest.json)
  --plots DIR    where the plots go (default: beside the record)
`
const DEFAULT_OUT = 'bench/results/latest.json'
const QUICK_MS = 40_000

class UsageError extends Error {}

function count(name: string, text: string): number {
  const value = Number(text)
  if (!(Number.isInteger(value) && value > 0))
    throw new UsageError(`--${name}: expected an integer above 0, got ${text}`)
  return value
}

function readReport(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`)
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      suite: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      out: { type: 'string', default: DEFAULT_OUT },
      plots: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const print = (text: string): void => void process.stdout.write(text)
  if (values.help === true) return print(USAGE)
  const [command, first, second, ...more] = positionals
  if (command === 'compare') {
    if (first === undefined || second === undefined || more.length > 0)
      throw new UsageError('compare: expected two files')
    return print(
      compareReports(readReport(first), readReport(second))
        .map((line) => `${line}\n`)
        .join(''),
    )
  }
  if (command !== undefined) throw new UsageError(`there is no command ${JSON.stringify(command)}`)
  const unknown = values.suite.find((name) => SUITES.every((suite) => suite.name !== name))
  if (unknown !== undefined) throw new UsageError(`--suite: there is no suite ${JSON.stringify(unknown)}`)
  const suites = SUITES.filter(({ name }) => values.suite.length === 0 || values.suite.includes(name))
  const rounds = values.rounds === undefined ? (values.quick ? 2 : 7) : count('rounds', values.rounds)
  const report = await runSuites(suites, { quick: values.quick, rounds, suiteMs: QUICK_MS / suites.length, print })
  const out = resolve(values.out)
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, `${JSON.stringify(report, undefined, 2)}\n`)
  const plots = resolve(values.plots ?? dirname(out))
  mkdirSync(plots, { recursive: true })
  for (const [name, svg] of plotsOf(report)) writeFileSync(join(plots, `${name}.svg`), svg)
  print(`${report.machine.cores} cores, load ${report.machine.load} before the run; written to ${out}\n`)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof UsageError) && !String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS'))
    throw error
  process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}`)
  process.exitCode = 2
}
