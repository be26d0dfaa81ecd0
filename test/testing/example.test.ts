// The example of examples/orchestration, run with each of two test frameworks, as its reader would run it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { runNode } from '../support/child.js'

const FOLDER = 'build/examples/orchestration'
const CASES = 5

describe('the tests of examples/orchestration', () => {
  it('pass with node:test', async () => {
    const { code, stdout, stderr } = await runNode(`${FOLDER}/with-node.js`, {
      nodeArgs: ['--test', '--test-reporter=tap'],
    })
    assert.deepEqual([code, stderr], [0, ''], stdout)
    assert.match(stdout, new RegExp(`^# pass ${CASES}$`, 'm'))
  })

  it('pass with mocha', async () => {
    const args = ['--no-config', '--reporter=json', `${FOLDER}/with-mocha.js`]
    const { code, stdout, stderr } = await runNode('node_modules/mocha/bin/mocha.js', { args })
    assert.deepEqual([code, stderr], [0, ''], stdout)
    const { stats } = JSON.parse(stdout) as { stats: { passes: number; failures: number } }
    assert.deepEqual([stats.passes, stats.failures], [CASES, 0])
  })

  it('import no framework where the fakes are', () => {
    for (const file of ['deploy', 'cases']) {
      assert.doesNotMatch(readFileSync(`examples/orchestration/${file}.ts`, 'utf8'), /from '(node:test|mocha)'/)
    }
  })
})
