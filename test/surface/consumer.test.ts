// A program that uses the package, compiled against its built types as a user's compiler would, declarations checked too.

import assert from 'node:assert/strict'
import ts from 'typescript'
import { surface } from './program.js'

describe('a consumer', function () {
  this.timeout(600_000)

  it('compiles against the built types, which are checked with it', () => {
    const said = ts.getPreEmitDiagnostics(surface())
    assert.equal(
      ts.formatDiagnostics(said, {
        getCanonicalFileName: (name) => name,
        getCurrentDirectory: () => process.cwd(),
        getNewLine: () => '\n',
      }),
      '',
    )
  })
})
