// A program that uses the package, compiled against its built types as a user's compiler would, declarations checked too.

import assert from 'node:assert/strict'
import ts from 'typescript'
import { surface } from './program.js'

describe('a consumer', () => {
  it('compiles against the built types, which are checked with it', () => {
    const program = surface()
    // What others declare is theirs to check, and takes most of the time.
    const files = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/'))
    const said = [
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...files.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
    ]
    assert(files.length > 100)
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
