// The benchmarks' command line: runs them and writes a record, or compares two records.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import * as mailbox from './mailbox.js'
import { compareReports, newReport, type Report } from './report.js'

const USAGE = `Usage: npm run bench [-- options]
       npm run bench -- compare before.json after.json

  --samples N   samples of each contender (default 15)
  --calls N     calls of one sample (default 20000)
  --out FILE    where the record goes (default build/bench/mailbox.json)
`
const DEFAULT_OUT = fileURLToPath(new URL('./mailbox.json', import.meta.url))

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
      samples: { type: 'string', default: '15' },
      calls: { type: 'string', default: '20000' },
      out: { type: 'string', default: DEFAULT_OUT },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return void process.stdout.write(USAGE)
  const [command, first, second, ...more] = positionals
  if (command === 'compare') {
    if (first === undefined || second === undefined || more.length > 0)
      throw new UsageError('compare: expected two files')
    const lines = compareReports(readReport(first), readReport(second))
    return void process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  }
  if (command !== undefined) throw new UsageError(`there is no command ${JSON.stringify(command)}`)
  const options = { samples: count('samples', values.samples), calls: count('calls', values.calls) }
  await mailbox.before()
  const { results, ratios } = await mailbox.run(options)
  await mailbox.after()
  for (const { name, unit, params, mean, stdDev, p50, p99 } of results) {
    const what = Object.values(params).join(' ')
    process.stdout.write(
      `${name} ${what}: ${mean.toFixed(1)} ± ${stdDev.toFixed(1)} ${unit} (p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)})\n`,
    )
  }
  for (const { name, params, of, to, ratio } of ratios) {
    const what = Object.entries(params).map(([key, value]) => ` ${key} ${value}`)
    process.stdout.write(`${name}${what.join('')}: ${of} / ${to} = ${ratio.toFixed(2)}\n`)
  }
  const out = resolve(values.out)
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, `${JSON.stringify(newReport(results, ratios), undefined, 2)}\n`)
  process.stdout.write(`written to ${out}\n`)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof UsageError) && !String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS'))
    throw error
  process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}`)
  process.exitCode = 2
}
