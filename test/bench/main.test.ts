// The command line of the benchmarks: a run leaves a record and plots. What it measures is not a test's business.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Ratio, Report } from '../../bench/core/report.js'

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))
const run = promisify(execFile)

function ratio(median: number): Ratio {
  const head = { suite: 's', name: 'x', metric: 'calls', unit: 'calls/s', better: 'more', params: { a: 1 } } as const
  return { ...head, of: 'ours', to: 'bare', n: 3, median, low: median - 1, high: median + 1, min: median, max: median }
}

describe('npm run bench', () => {
  let directory = ''
  before(async () => (directory = await mkdtemp('/tmp/bench-')))
  after(() => rm(directory, { recursive: true }))

  it('runs the suite that was asked for, prints its tables, and writes a record and plots', async () => {
    const out = join(directory, 'one', 'latest.json')
    const args = ['--quick', '--rounds', '1', '--suite', 'mailbox', '--out', out]
    const { stdout } = await run(process.execPath, [MAIN, ...args])
    const report = JSON.parse(await readFile(out, 'utf8')) as Report
    assert.equal(report.machine.node, process.version)
    assert.equal(report.quick, true)
    assert.deepEqual(new Set(report.results.map(({ suite }) => suite)), new Set(['mailbox']))
    const contenders = new Set(report.results.map(({ contender }) => contender))
    assert.deepEqual(contenders, new Set(['ours', 'bare', 'comlink']))
    for (const { n, median, min, max } of report.results) assert(n === 1 && min > 0 && min <= median && median <= max)
    const found = report.ratios.find(({ to, params }) => to === 'bare' && params['outstanding'] === 64)
    assert(found !== undefined && found.median > 0)
    assert.match(stdout, /mailbox: echo; outstanding 64\n/)
    const plots = (await readdir(join(directory, 'one'))).filter((name) => name.endsWith('.svg'))
    assert(plots.includes('mailbox-calls.svg'), plots.join())
  })

  it('compares two records by their ratios, and says whether these are apart', async () => {
    const files = ['a.json', 'b.json', 'c.json'].map((name) => join(directory, name)) as [string, string, string]
    for (const [index, median] of [2, 2.5, 7].entries())
      await writeFile(files[index]!, JSON.stringify({ results: [], ratios: [ratio(median)] }))
    const compare = async (one: string, other: string) =>
      (await run(process.execPath, [MAIN, 'compare', one, other])).stdout
    assert.equal(await compare(files[0], files[1]), 's x calls a=1 ours / bare: 2.00 -> 2.50 (within the spread)\n')
    assert.equal(await compare(files[0], files[2]), 's x calls a=1 ours / bare: 2.00 -> 7.00 (apart)\n')
  })

  it('refuses what it does not know with exit code 2', async () => {
    for (const args of [
      ['--rounds', '0'],
      ['--suite', 'nothing'],
      ['frobnicate'],
      ['compare', '/nowhere/a.json', '/nowhere/b.json'],
      ['--what'],
    ])
      await assert.rejects(run(process.execPath, [MAIN, ...args]), { code: 2 })
  })
})
