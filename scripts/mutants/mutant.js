// What a mutant is: one small fault in one source file, as text that is there exactly once and what stands in its place.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/**
 * @typedef {object} Fault
 * @property {string} breaks what it breaks, in words; names it within its file
 * @property {string} from text of the source
 * @property {string} to
 * @property {string[]} [tests] files below test/ or folders with a slash at the end, where it is looked for first
 * @property {string} [equivalent] why nobody can notice
 */

/** @typedef {Fault & { file: string, id: string }} Mutant */

/**
 * @param {string} file
 * @param {Fault[]} faults
 * @returns {Mutant[]}
 */
export function inFile(file, faults) {
  return faults.map((fault) => ({ ...fault, file, id: `${file}: ${fault.breaks}` }))
}

/**
 * @param {string} source
 * @param {Fault} fault
 * @returns {string | undefined} why it cannot be planted, if it cannot
 */
export function problemOf(source, { from, to }) {
  if (from === to) return 'it changes nothing'
  const places = source.split(from).length - 1
  return places === 1 ? undefined : `its text is there ${places} times`
}

/**
 * The compiled file with the fault in it.
 *
 * @param {Mutant} mutant
 * @param {string} [root] where the sources are
 * @returns {string}
 * @throws {Error} it does not apply, or is no TypeScript
 */
export function plant(mutant, root = '.') {
  const source = readFileSync(join(root, mutant.file), 'utf8')
  const problem = problemOf(source, mutant)
  if (problem !== undefined) throw new Error(`${mutant.id}: ${problem}`)
  const { outputText, diagnostics = [] } = ts.transpileModule(
    source.replace(mutant.from, () => mutant.to),
    { fileName: mutant.file, compilerOptions: OPTIONS, reportDiagnostics: true },
  )
  if (diagnostics.length === 0) return outputText
  throw new Error(`${mutant.id}: ${ts.flattenDiagnosticMessageText(diagnostics[0]?.messageText, '\n')}`)
}

/** As the build, for one file alone. */
const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
}
