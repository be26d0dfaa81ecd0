// The root of every run, seen from a run of its own: what nobody caught fails the test that it belongs to, the others run, and what failed
// is told in one line each.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runNode, temporaryDirectory, type Ended, type TemporaryDirectory } from './support/child.js'

const TESTS = `
const turn = () => new Promise((resolve) => setImmediate(resolve))
describe('stray', () => {
  it('rejects while it passes', () => void Promise.reject(new Error('one')))
  it('rejects while it waits for ever', () => {
    setImmediate(() => void Promise.reject(new Error('two')))
    return new Promise(() => {})
  })
  it('throws while it waits for ever', () => {
    setImmediate(() => { throw new Error('three') })
    return new Promise(() => {})
  })
  it('is well', turn)
})
describe('stray in a hook', () => {
  afterEach(async () => {
    process.nextTick(() => { throw new Error('four') })
    await turn()
  })
  it('passes before it', () => {})
  it('passes after it', () => {})
})
describe('no stray', () => {
  it('is skipped', function () { this.skip() })
  it('fails in\\n  more than one line', () => { throw new Error('five\\nand ' + 'x'.repeat(1000)) })
  it('takes a callback', (done) => setImmediate(done))
})
`

describe('a run of tests', () => {
  let directory: TemporaryDirectory
  let lines: string[]
  let ended: Ended
  let report: { tests: { title: string; state: string }[]; hooks: Record<string, { count: number }> }

  async function run(tests: string): Promise<void> {
    const [file, written] = [join(directory.path, 'a.mjs'), join(directory.path, 'report.json')]
    await writeFile(file, tests)
    const options = ['--require', 'build/test/setup.js', '--reporter', 'build/test/reporter.js', '--timeout', '60000']
    const option = `report=${pathToFileURL(written).href}`
    const args = ['--no-config', ...options, '--reporter-option', option, file]
    ended = await runNode('node_modules/mocha/bin/mocha.js', { args })
    lines = ended.stdout.trimEnd().split('\n')
    report = JSON.parse(await readFile(written, 'utf8')) as typeof report
  }

  before(async () => {
    directory = await temporaryDirectory()
    await run(TESTS)
  })
  after(() => directory.remove())

  const failures = (): string[] => lines.filter((line) => line.startsWith('FAILED '))

  it('fails the test that an uncaught error belongs to, at once, and goes on', () => {
    const states = Object.fromEntries(report.tests.map(({ title, state }) => [title, state]))
    assert.deepEqual(states, {
      'rejects while it passes': 'failed',
      'rejects while it waits for ever': 'failed',
      'throws while it waits for ever': 'failed',
      'is well': 'passed',
      'passes before it': 'passed',
      'passes after it': 'passed',
      'is skipped': 'pending',
      'fails in\n  more than one line': 'failed',
      'takes a callback': 'passed',
    })
    assert.equal(failures()[0], 'FAILED stray rejects while it passes: one')
    assert.equal(failures()[1], 'FAILED stray rejects while it waits for ever: two')
    assert.equal(failures()[2], 'FAILED stray throws while it waits for ever: three')
  })

  it('tells of one outside a test at the end, with the test before it', () => {
    const last = failures().at(-1) ?? ''
    assert.match(last, /nothingIsUncaught.*: uncaught in or after "stray in a hook passes before it": Error: four/)
    assert.match(ended.stdout, /in or after "stray in a hook passes after it": Error: four/)
  })

  it('has a line of bounded length for each failure, and the count as its last', () => {
    assert.equal(failures().length, 5)
    assert.match(failures()[3] ?? '', /^FAILED no stray fails in more than one line: five and x+$/)
    assert.ok(failures().every((line) => line.length <= 400))
    assert.equal(lines.at(-1), '4 passed, 5 failed')
    assert.deepEqual(lines.slice(-6, -1), failures())
    assert.equal(ended.code, 5)
    assert.equal(report.hooks['stray in a hook "after each" hook']?.count, 2)
  })

  it('fails for what comes when all is told', async () => {
    await run(`it('leaves something', () => void setTimeout(() => { throw new Error('six') }, 200))`)
    assert.equal(lines.at(-1), '1 passed, 0 failed')
    assert.match(ended.stderr, /uncaught after the run: Error: six/)
    assert.equal(ended.code, 1)
  })
})
