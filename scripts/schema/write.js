// The generated files: tables of the schema at run time, and lists of exports: of the schema's folder, and of files elsewhere. Those
// are two, so that a file elsewhere may import from the schema's folder and not go round in a circle.

import path from 'node:path'
import { PRIMITIVES } from './fields.js'

/** @import { Schema } from './model.js' */

/**
 * Nothing is imported by the tables, so that any file of the protocol may use them and state documents itself.
 *
 * @param {Schema} schema
 */
export function writeTables({ documents, enumerations }) {
  const rows = [...documents].map(([name, { rows }]) => `  ${name}: ${quote(rows.join(' '))},`)
  const words = [...enumerations].map(([name, { words }]) =>
    words === undefined ? `  ${name}: 'number',` : `  ${name}: [${words.map(quote).join(', ')}],`,
  )
  return [
    '',
    '/** The members of each document; the notation is explained in ../field-table.ts. */',
    'export const ROWS = {',
    ...rows,
    '} satisfies Record<string, string>',
    '',
    `export type Primitive = ${['any', 'boolean', 'string', ...PRIMITIVES.values()].map(quote).join(' | ')}`,
    '',
    "/** The words of each enumeration; 'number' where the values are numbers. */",
    'export const WORDS = {',
    ...words,
    "} satisfies Record<string, readonly string[] | 'number'>",
    '',
  ].join('\n')
}

/**
 * @param {Schema} schema
 * @param {string} folder where the result goes
 * @param {(file: string) => boolean} belongs whether exports of this file go into it
 */
export function writeExports({ documents, enumerations }, folder, belongs) {
  /** @type {Map<string, string[]>} */
  const lines = new Map()
  const add = (/** @type {string} */ file, /** @type {string} */ name) => {
    if (belongs(file)) lines.set(file, [...(lines.get(file) ?? []), name])
  }
  for (const [name, { file }] of documents) add(file, `type ${name}`)
  for (const [name, { file }] of enumerations) add(file, name)
  if (lines.size === 0) return '\nexport {}\n'
  return [
    '',
    ...[...lines].map(([file, names]) => {
      const from = path.posix.relative(folder, file).replace(/\.ts$/, '.js')
      return `export {\n${names.map((name) => `  ${name},\n`).join('')}} from '${from}'`
    }),
    '',
  ].join('\n')
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
