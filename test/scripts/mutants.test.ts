// The list of faults that `npm run mutants` plants: as the source changes, each of them must still apply to it, at one place.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { inFile, MUTANTS, plant, problemOf, summarise, testsFor } from './mutants.js'

describe('the list of mutants', () => {
  it('applies to the source, each at exactly one place', () => {
    const sources = new Map<string, string>()
    const problems = MUTANTS.flatMap((mutant) => {
      const source = sources.get(mutant.file) ?? readFileSync(mutant.file, 'utf8')
      sources.set(mutant.file, source)
      const problem = problemOf(source, mutant)
      return problem === undefined ? [] : `${mutant.id}: ${problem}`
    })
    assert.deepEqual(problems, [])
  })

  it('has a name for each, and tests that exist', () => {
    const ids = MUTANTS.map(({ id }) => id)
    assert.deepEqual(
      ids.filter((id, at) => ids.indexOf(id) !== at),
      [],
    )
    const tests = new Set(MUTANTS.flatMap(({ tests = [] }) => tests))
    assert.deepEqual(
      [...tests].filter((test) => !existsSync(test)),
      [],
    )
    assert.deepEqual(
      MUTANTS.filter(({ equivalent }) => equivalent === ''),
      [],
    )
  })

  it('has at least 200, of every room of the actors and of the bridge', () => {
    assert(MUTANTS.length >= 200)
    const covered = new Set(MUTANTS.map(({ file }) => dirname(file)))
    const rooms = readdirSync('src/actors', { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => `${parentPath}/${name}`)
    assert(rooms.length > 10)
    assert.deepEqual(
      ['src/actors', 'src/protocol/bridge', ...rooms].filter((room) => !covered.has(room)),
      [],
    )
  })

  it('has those that once were not found', () => {
    const words = MUTANTS.map(({ breaks }) => breaks)
    for (const once of [
      'stdin credit is one byte short',
      "a broken connection's cause is recorded unscrubbed",
      'the modify slot is not returned after a failure',
      'slots of a lost thread are not reclaimed',
      'log entries have no bound in size',
      'a port is left open at the end of a stream',
      'the refusals of a terminate and a close are swapped',
    ]) {
      assert(words.includes(once), once)
    }
  })
})

describe('a mutant', () => {
  const [boots] = inFile('src/actors/boots.ts', [
    { breaks: 'the time', from: 'const MOST_MS = 30_000', to: 'const MOST_MS: number = 1' },
  ])

  it('is compiled alone, with its fault', () => {
    const built = plant(boots!)
    assert.match(built, /const MOST_MS = 1;/)
    assert.match(built, /^export class Boots/m)
  })

  it('is refused when its text is not there, is there twice, or is no TypeScript', () => {
    assert.equal(problemOf('a a', { breaks: '', from: 'b', to: '' }), 'its text is there 0 times')
    assert.equal(problemOf('a a', { breaks: '', from: 'a', to: '' }), 'its text is there 2 times')
    assert.equal(problemOf('a', { breaks: '', from: 'a', to: 'a' }), 'it changes nothing')
    assert.throws(() => plant({ ...boots!, to: 'const' }), /^Error: src\/actors\/boots\.ts: the time: /)
  })

  it('is looked for where it was found before, by its own tests, then by what mirrors it, then by the folders around', () => {
    const all = [
      'test/actors/a.test.ts',
      'test/actors/vm/queue.test.ts',
      'test/actors/vm/order.test.ts',
      'test/actors/gcs/b.test.ts',
      'test/actors/host.test.ts',
      'test/cli/c.test.ts',
    ]
    const mutant = { file: 'src/actors/vm/queue.ts', tests: ['test/actors/gcs/'] }
    assert.deepEqual(testsFor(mutant, all, { known: 'test/actors/host.test.ts' }), [
      ['test/actors/host.test.ts'],
      ['test/actors/gcs/b.test.ts'],
      ['test/actors/vm/queue.test.ts'],
      ['test/actors/vm/order.test.ts'],
      ['test/actors/a.test.ts'],
    ])
    assert.deepEqual(testsFor(mutant, all, { isNear: true }).length, 3)
  })
})

describe('the record of what was found', () => {
  it('tells survivors that are explained from those that are not, and counts nothing that was not tried', () => {
    const fault = { from: 'a', to: 'b' }
    const mutants = inFile('src/a.ts', [
      { breaks: 'one', ...fault },
      { breaks: 'two', ...fault },
      { breaks: 'three', ...fault, equivalent: 'nobody can notice' },
      { breaks: 'four', ...fault },
    ])
    const outcomes = new Map([
      ['one', 'killed'],
      ['two', 'survived'],
      ['three', 'survived'],
    ] as const)
    const summary = summarise(mutants, ({ breaks }) => {
      const outcome = outcomes.get(breaks as 'one')
      return outcome && { outcome }
    })
    assert.deepEqual(summary, {
      listed: 4,
      tried: 3,
      killed: 1,
      equivalent: 1,
      survived: 1,
      survivors: ['src/a.ts: two'],
    })
  })
})
