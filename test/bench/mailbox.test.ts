// The benchmark runs and leaves a record; what it measures is not a test's business.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

interface Entry {
  name: string
  unit: string
  params: Record<string, string | number>
  n: number
  mean: number
  min: number
  max: number
}
interface Record_ {
  host: string
  machine: { node: string }
  results: Entry[]
  ratios: { name: string; params: Record<string, number>; of: string; to: string; ratio: number }[]
}

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))
const run = promisify(execFile)

describe('npm run bench', () => {
  let directory = ''
  before(async () => (directory = await mkdtemp('/tmp/bench-')))
  after(() => rm(directory, { recursive: true }))

  it('measures ours, the bare port and plain Comlink at 1, 64 and 512 outstanding, and writes a record', async () => {
    const out = join(directory, 'one.json')
    const { stdout } = await run(process.execPath, [MAIN, '--samples', '2', '--calls', '600', '--out', out])
    const record = JSON.parse(await readFile(out, 'utf8')) as Record_
    assert.equal(record.host, 'fake')
    assert.equal(record.machine.node, process.version)
    const calls = record.results.filter(({ name }) => name === 'mailbox_calls')
    assert.deepEqual(
      new Set(calls.map(({ params }) => `${params['implementation']} ${params['outstanding']}`)),
      new Set(['ours', 'bare', 'comlink'].flatMap((name) => [1, 64, 512].map((count) => `${name} ${count}`))),
    )
    for (const { n, mean, min, max } of record.results) assert(n > 0 && min > 0 && min <= mean && mean <= max)
    assert.equal(record.results.filter(({ name }) => name === 'mailbox_roundtrip').length, 3)
    const ratio = record.ratios.find(({ params, to }) => params['outstanding'] === 64 && to === 'bare')
    assert(ratio !== undefined && ratio.ratio > 0)
    assert.match(stdout, /mailbox_calls outstanding 64: ours \/ bare = \d/)
  })

  it('compares two records: both means, the change, and whether it is more than the spread', async () => {
    const result = {
      name: 'x',
      unit: 'us',
      params: { a: 1 },
      warmup: 0,
      errors: 0,
      n: 2,
      min: 1,
      p50: 1,
      p99: 1,
      max: 1,
    }
    const record = (mean: number): string =>
      JSON.stringify({ host: 'fake', results: [{ ...result, mean, stdDev: 1 }], ratios: [] })
    const files = [join(directory, 'before.json'), join(directory, 'after.json')] as const
    await writeFile(files[0], record(10))
    await writeFile(files[1], record(15))
    const { stdout } = await run(process.execPath, [MAIN, 'compare', ...files])
    assert.equal(stdout, 'x {"a":1} (us): 10.0 -> 15.0, +50.0 % (more than the spread)\n')
  })

  it('refuses what it does not know with exit code 2', async () => {
    for (const args of [
      ['--samples', '0'],
      ['frobnicate'],
      ['compare', '/nowhere/a.json', '/nowhere/b.json'],
      ['--what'],
    ])
      await assert.rejects(run(process.execPath, [MAIN, ...args]), { code: 2 })
  })
})
