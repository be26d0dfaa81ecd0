// Every block of TypeScript in a document is a program that compiles against what is published, as its reader would copy it.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { readRepository } from './repository.js'

const FOLDER = 'build/code-blocks'

/** The blocks of a document, with the line on which each begins. */
function blocksOf(text: string): { line: number; language: string; code: string }[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ 1: language, 2: code, index }) => ({
    line: text.slice(0, index).split('\n').length + 1,
    language: language!,
    code: code!,
  }))
}

describe('code in documents', () => {
  after(() => rmSync(FOLDER, { recursive: true, force: true }))

  it('compiles as it stands', () => {
    rmSync(FOLDER, { recursive: true, force: true })
    mkdirSync(FOLDER, { recursive: true })
    // What a reader's own generator has made, of messages that we have.
    cpSync('packages/containerd/src/generated', join(FOLDER, 'generated'), { recursive: true })
    const readmes = readdirSync('packages').map((name) => join('packages', name, 'README.md'))
    const documents = [
      ...[...readRepository()].filter(([path]) => path.endsWith('.md') && !path.startsWith('test/')),
      ...readmes.map((path) => [path, readFileSync(path, 'utf8')] as const),
    ]
    const places = new Map<string, string>()
    for (const [path, text] of documents) {
      for (const { line, language, code } of blocksOf(text)) {
        assert.notEqual(language, 'js', `${path}:${line}: TypeScript is checked, JavaScript is not`)
        if (language !== 'ts') continue
        const file = join(FOLDER, `block${places.size}.ts`)
        writeFileSync(file, code)
        places.set(file, `${path}:${line}`)
      }
    }
    assert(places.size >= 9, `only ${places.size} blocks were found`)
    const { options, errors } = ts.parseJsonConfigFileContent(
      {
        extends: '../../tsconfig.base.json',
        compilerOptions: { noEmit: true, incremental: false, noUnusedLocals: false },
      },
      ts.sys,
      FOLDER,
    )
    assert.deepEqual(
      errors.filter(({ code }) => code !== 18003),
      [],
    )
    const program = ts.createProgram([...places.keys()], options)
    const found = ts.getPreEmitDiagnostics(program).map((problem) => {
      const place = problem.file === undefined ? '' : (places.get(problem.file.fileName) ?? problem.file.fileName)
      return `${place}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`
    })
    assert.deepEqual(found, [])
  })
})
