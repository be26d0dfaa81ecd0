// The actors under random calls and faults, on virtual time. `npm run simulate` runs more of the same, the long tests the broken variants.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { simulate } from './simulate.js'
import { makePlan } from './workload/plan.js'
import { run } from './workload/run.js'

const SEEDS = 100
const STEPS = 100

describe('random calls and faults', () => {
  it(`${SEEDS} seeds of ${STEPS} steps: every promise settles, nothing leaks, model and service agree`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violation, trace } = await run(makePlan(seed, STEPS))
      assert.equal(violation, undefined, `seed ${seed}\n${trace.join('\n')}`)
    }
  })

  it('a seed gives the same plan and the same run, to the byte', async () => {
    for (const seed of [3, 266]) {
      const steps: string[] = []
      const first = await run(makePlan(seed, STEPS), (line) => steps.push(line))
      const again: string[] = []
      const second = await run(makePlan(seed, STEPS), (line) => again.push(line))
      assert.deepEqual(again, steps)
      assert.deepEqual(second, first)
      assert(first.trace.length > STEPS)
    }
  })

  it('and in another process', async () => {
    const here: string[] = []
    await run(makePlan(4, 50), (line) => here.push(line))
    const { text } = await simulate(['--seed', '4', '--steps', '50', '--trace'])
    assert(text.startsWith(`${here.join('\n')}\n`))
  })

  it('a failing seed prints its shrunk trace, and how to run it again', async () => {
    const { code, text } = await simulate(['--seed', '1', '--steps', '100'], 'a handle is not closed')
    assert.equal(code, 1)
    assert.match(text, /^seed 1 of 100 steps: \S+/)
    assert.match(text, /\nshrunk to 1 steps: everything is closed, and the Host has .*"handles":/)
    assert.match(text, /\n {2}\d+\.\d{3} #\d+ vm-\d create -> ok\n/)
    assert.match(text, /\nagain: npm run simulate -- --seed 1 --steps 100\n/)
  })

  it('a long run goes on where it was left', async () => {
    const directory = await mkdtemp('/tmp/simulate-')
    const file = join(directory, 'progress.json')
    const options = ['--steps', '10', '--resume', file]
    try {
      assert.equal((await simulate([...options, '--seeds', '2'])).code, 0)
      const summary = join(directory, 'summary.json')
      const { text } = await simulate([...options, '--seeds', '3', '--summary', summary])
      assert.match(text, /^3 of 3 seeds, 0 violations, \d+ events, \d+ s of CPU\n$/)
      const { first, done, violations } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
      assert.deepEqual({ first, done, violations }, { first: 1, done: 3, violations: [] })
      const { seeds, operations, machine } = JSON.parse(await readFile(summary, 'utf8')) as Record<string, unknown>
      assert.deepEqual({ seeds, operations }, { seeds: 3, operations: 30 })
      assert.equal((machine as { node: string }).node, process.version)
      const other = await simulate(['--steps', '11', '--resume', file])
      assert.equal(other.code, 2)
      assert.match(other.text, /progress\.json is of seed 1 with 10 steps/)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('an option that is none is refused', async () => {
    const { code, text } = await simulate(['--sede', '1'])
    assert.equal(code, 2)
    assert.match(text, /--sede/)
    assert.equal((await simulate(['--steps', 'x'])).code, 2)
  })
})
