// docs/errors.md has every kind of error and every state that one of ours names, and nothing that there is not.

import assert from 'node:assert/strict'
import * as uvm from '#dist/index.js'
import { readRepository } from './repository.js'

/** Values of a match's first group. */
const found = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, one]) => one!)

describe('the catalogue of errors', () => {
  const files = readRepository()
  const catalogue = files.get('docs/errors.md')!
  const sources = [...files].filter(([path]) => path.startsWith('src/')).map(([, text]) => text)

  it('has a section for each code, and the class that has it', () => {
    const union = /export type UVMErrorCode =([\s|'A-Z_]+)/.exec(files.get('src/errors.ts')!)![1]!
    const codes = found(union, /'([A-Z_]+)'/g)
    assert(codes.length > 10)
    assert.deepEqual(found(catalogue, /^### (\w+)$/gm), codes)
    for (const [name, kind] of Object.entries(uvm)) {
      if (typeof kind !== 'function' || !(kind.prototype instanceof uvm.UVMError)) continue
      assert(catalogue.includes(`\`${name}\``), `${name} is not in the catalogue`)
    }
  })

  it('has each state of an InvalidStateError', () => {
    const named = new Set(sources.flatMap((text) => found(text, /InvalidStateError\(\{[^}]*?state: '([a-z-]+)'/g)))
    const barriers = /type Barrier = ([^\n]+)/.exec(files.get('src/actors/vm/queue.ts')!)![1]!
    for (const barrier of found(barriers, /'([a-z-]+)'/g)) named.add(barrier)
    const rows = found(catalogue, /^\| (`.*?`) +\|/gm).flatMap((cell) => found(cell, /`([a-z-]+)`/g))
    assert.deepEqual(rows.filter((row) => row !== 'state').sort(), [...named].sort())
  })

  it('names the predicates that there are', () => {
    const predicates = Object.keys(uvm).filter((name) => /^is[A-Z]/.test(name))
    for (const name of predicates) assert(catalogue.includes(`\`${name}\``), `${name} is not in the catalogue`)
  })
})
