// A program that uses the package, compiled against its built types as a user's compiler would, declarations checked too.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const CONSUMER = new URL('../../../test/surface/consumer.ts', import.meta.url).pathname
const COMPILER = createRequire(import.meta.url).resolve('typescript/bin/tsc')

describe('a consumer', function () {
  this.timeout(600_000)

  it('compiles against the built types, which are checked with it', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        COMPILER,
        ...'--ignoreConfig --noEmit --strict --skipLibCheck false --module NodeNext --target ES2022 --types node'.split(
          ' ',
        ),
        ...['--lib', 'ES2023,ES2024.SharedMemory,ESNext.Disposable', CONSUMER],
      ],
      { encoding: 'utf8', cwd: new URL('../../../', import.meta.url) },
    )
    assert.deepEqual([stdout, status], ['', 0])
  })
})
