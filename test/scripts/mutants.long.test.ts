// A fault that is planted is found, one that nobody can notice is not, and the build is none the worse for it.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inFile, Lane } from './mutants.js'

const FILE = 'src/actors/gcs/connection/request-ids.ts'
const TESTS = ['test/actors/gcs/connection/bridge-model.test.ts', 'test/protocol/bridge/scrub.test.ts']

describe('planting a mutant', () => {
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'mutants-'))))
  after(() => rmSync(folder, { recursive: true }))

  it('finds the fault by the first test that fails, in a copy of the build', async () => {
    const [fault, harmless] = inFile(FILE, [
      { breaks: 'it lowers', from: 'if (next <= this.#next) return', to: 'if (next === this.#next) return' },
      { breaks: 'nothing', from: 'return this.#next++', to: 'return this.#next++ + 0n' },
    ])
    const built = readFileSync('dist/actors/gcs/connection/request-ids.js', 'utf8')
    const lane = new Lane(join(folder, 'lane'))
    const found = await lane.look(fault!, [TESTS.slice(1), TESTS.slice(0, 1)])
    assert.equal(found.outcome, 'killed')
    assert.deepEqual('file' in found && found.file, TESTS[0])
    assert.deepEqual(await lane.look(harmless!, [TESTS]), { outcome: 'survived' })
    assert.equal(readFileSync('dist/actors/gcs/connection/request-ids.js', 'utf8'), built)
  })

  it('counts a process that does not end, or ends by itself, as found', async () => {
    const [stuck, gone] = inFile(FILE, [
      { breaks: 'it stays', from: 'export class', to: 'setInterval(() => undefined, 1000)\nexport class' },
      { breaks: 'it goes', from: 'export class', to: 'process.exit(7)\nexport class' },
    ])
    const lane = new Lane(join(folder, 'lane'))
    const left = await lane.look(stuck!, [TESTS.slice(0, 1)])
    assert.match('title' in left ? left.title : '', /their process does not end/)
    const ended = await lane.look(gone!, [TESTS.slice(0, 1)])
    assert.match('title' in ended ? ended.title : '', /the process ended by 7/)
  })
})
