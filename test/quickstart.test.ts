// The example at the top of the README: the same text, compiled with the tests, and run.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { runNode } from './support/child.js'

const ROOT = new URL('../../', import.meta.url)

describe('the first example', () => {
  it('is in the README to the letter, and is about 25 lines', async () => {
    const example = await readFile(new URL('examples/quickstart.ts', ROOT), 'utf8')
    const readme = await readFile(new URL('README.md', ROOT), 'utf8')
    assert.equal(readme.match(/^```ts\n([\s\S]*?)^```$/m)?.[1], example)
    assert(example.trimEnd().split('\n').length <= 30)
  })

  it('runs: the hot-added disk is mounted inside, and the VM ends', async () => {
    const { code, stdout, stderr } = await runNode('build/examples/quickstart.js')
    assert.deepEqual([code, stderr], [0, ''])
    const lines = stdout.trimEnd().split('\n')
    assert(lines.some((line) => line.includes(' on /run/data type ')))
    assert(lines.some((line) => line.startsWith('Linux quickstart ')))
    assert.deepEqual(lines.slice(-2), ['exit code 0', 'ForcedExit'])
  })
})
