// What came out of each fault, kept in build/mutants: an interrupted run goes on, and the next one begins where a fault was found before.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** @typedef {import('./mutant.js').Mutant} Mutant */
/** @typedef {{ outcome: 'survived' | 'killed', file?: string, title?: string, error?: string, fault: string, seconds: number }} Result */

export class Results {
  /** @param {string} path */
  constructor(path) {
    this.path = path
    /** @type {Record<string, Result>} */
    this.byId = {}
    try {
      this.byId = JSON.parse(readFileSync(path, 'utf8'))
    } catch {
      // None yet.
    }
  }

  /** @param {Mutant} mutant @returns {Result | undefined} of this very fault */
  of(mutant) {
    const result = this.byId[mutant.id]
    return result?.fault === hashOf(mutant) ? result : undefined
  }

  /** @param {Mutant} mutant @returns {string | undefined} the test file that found it, or one that was there before in its place */
  finderOf({ id }) {
    const result = this.byId[id]
    return result?.outcome === 'killed' ? result.file : undefined
  }

  /** @param {Mutant} mutant @param {import('./lane.js').Found} found @param {number} seconds */
  add(mutant, found, seconds) {
    const by = found.outcome === 'survived' ? {} : { file: found.file, title: found.title, error: found.error }
    this.byId[mutant.id] = { fault: hashOf(mutant), seconds, outcome: found.outcome, ...by }
    mkdirSync(dirname(this.path), { recursive: true })
    writeFileSync(this.path, `${JSON.stringify(this.byId, null, 1)}\n`)
  }
}

/** @param {Mutant} mutant */
function hashOf({ from, to }) {
  return createHash('sha256').update(`${from}\0${to}`).digest('hex').slice(0, 12)
}
