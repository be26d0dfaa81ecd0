// What is built and programs that use it, as a user's compiler sees them, declarations checked too: made once for all tests of the surface.

import ts from 'typescript'

const ROOT = new URL('../../../', import.meta.url)
export const INDEX = new URL('dist/index.d.ts', ROOT).pathname
const CONSUMERS = ['consumer', 'likes'].map((name) => new URL(`test/surface/${name}.ts`, ROOT).pathname)

let made: ts.Program | undefined

export function surface(): ts.Program {
  return (made ??= ts.createProgram([INDEX, ...CONSUMERS], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.es2024.sharedmemory.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }))
}
