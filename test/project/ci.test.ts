// .ci/run with commands that do as the test says: what failed is told at the end, where it is seen.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

describe('.ci/run', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ci-'))
    mkdirSync(join(root, '.ci'))
    mkdirSync(join(root, 'bin'))
    copyFileSync('.ci/run', join(root, '.ci/run'))
    command('.ci/node-matrix', 'echo "3 passed, 0 failed"')
    // Nothing is installed.
    command('bin/id', 'echo 1000')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  function command(path: string, text: string): void {
    writeFileSync(join(root, path), `#!/bin/sh\n${text}\n`)
    chmodSync(join(root, path), 0o755)
  }

  /** The last lines of a run whose npm does this: from the first failure told on, and without what is skipped. */
  function run(npm: string): { code: number | null; end: string[] } {
    command('bin/npm', npm)
    const env = { ...process.env, PATH: [join(root, 'bin'), process.env['PATH']].join(delimiter) }
    const { stdout, status } = spawnSync(join(root, '.ci/run'), { env, encoding: 'utf8' })
    const lines = stdout.trimEnd().split('\n')
    const from = lines.findIndex((line) => line.startsWith('== failed in ') || /^npm ci: /.test(line))
    const seconds = (line: string): string => line.replace(/\d+ s$/, 'n s')
    return {
      code: status,
      end: lines
        .slice(from)
        .filter((line) => !/skipped|node-matrix|test:windows|test:vm/.test(line))
        .map(seconds),
    }
  }

  it('ends with how each part went, and the count', () => {
    const { code, end } = run('echo "2 passed, 0 failed"')
    const parts = ['ci', 'run check', 'test', 'run test:guest', 'run test:long', 'run simulate:ci']
    assert.deepEqual(
      end.slice(0, -1),
      parts.map((part) => `npm ${part}: 2 passed, 0 failed, n s`),
    )
    assert.match(end.at(-1) ?? '', /^\d+ passed, 0 failed$/)
    assert.equal(code, 0)
  })

  it('names each test that failed, with its message, before that; of what names none, its last lines', () => {
    const { code, end } = run(`
      case "$*" in
        test) echo 'FAILED a b: no'; echo noise; printf 'FAILED c: %01000d\\n' 7; echo '5 passed, 2 failed'; exit 2 ;;
        'run test:long') for i in $(seq 100); do echo "line $i"; done; exit 1 ;;
        *) echo '1 passed, 0 failed' ;;
      esac`)
    const told = end.slice(0, end.indexOf('npm ci: 1 passed, 0 failed, n s'))
    assert.deepEqual(told.slice(0, 3), ['== failed in npm test', '  FAILED a b: no', `  FAILED c: ${'0'.repeat(390)}`])
    assert.deepEqual(told.slice(3, 5), ['== failed in npm run test:long', '  line 71'])
    assert.equal(told.at(-1), '  line 100')
    assert.equal(told.length, 34)
    assert.ok(end.includes('npm test: 5 passed, 2 failed, n s'))
    assert.ok(end.includes('npm run test:long: 0 passed, 1 failed, n s'))
    assert.match(end.at(-1) ?? '', /^\d+ passed, 3 failed$/)
    assert.equal(code, 1)
  })

  it('tells no more failures than can be seen', () => {
    const { end } = run(`
      [ "$*" = test ] || { echo '1 passed, 0 failed'; exit 0; }
      for i in $(seq 500); do echo "FAILED $i"; done; echo '0 passed, 500 failed'; exit 255`)
    assert.deepEqual(end.slice(28, 32), [
      '  FAILED 28',
      '  FAILED 29',
      '  FAILED 30',
      'npm ci: 1 passed, 0 failed, n s',
    ])
    assert.match(end.at(-1) ?? '', /, 500 failed$/)
  })
})
