// Makes of what was built what is published: code without comments, which its users have in the declarations and others in the repository,
// without indentation, empty lines and spaces that nothing needs; and of the declarations those that an export leads to, without what is
// internal. A line of code stays a line, and names stay names, so that a stack says where.
//
// Usage: node scripts/slim.js [FOLDER]    dist unless given; a build from nothing undoes it

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { prune, withoutUnusedImports } from './declarations.js'

/**
 * @param {string} text of a module, JavaScript
 * @returns {string} the same without comments, indentation and empty lines
 */
export function withoutComments(text) {
  const source = ts.createSourceFile('module.js', text, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS)
  /** @type {string[]} */
  const kept = []
  let last = ''
  // Between two tokens there is nothing but white space and comments.
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isJSDoc(node)) return
    const children = node.getChildren(source)
    if (children.length > 0) {
      for (const child of children) visit(child)
      return
    }
    const start = node.getStart(source)
    const token = text.slice(start, node.getEnd())
    kept.push(blank(text.slice(node.getFullStart(), start), last, token), token)
    if (token !== '') last = token
  }
  visit(source)
  return kept.join('')
}

const WORD = /[\w$#\\\u0080-\uffff]/
const OPERATOR = /[-+*/%&|^<>=!?~.:@]/

/**
 * @param {string} trivia
 * @param {string} before the token before it
 * @param {string} after the token behind it
 * @returns {string} a line break when it had one, a space where the tokens would be others without; the line that names an interpreter stays
 */
function blank(trivia, before, after) {
  if (trivia === '') return ''
  if (trivia.startsWith('#!')) return trivia.slice(0, trivia.indexOf('\n') + 1)
  if (trivia.includes('\n')) return '\n'
  const [end = '', begin = ''] = [before.slice(-1), after.slice(0, 1)]
  const areOne =
    (WORD.test(end) && WORD.test(begin)) ||
    (OPERATOR.test(end) && OPERATOR.test(begin)) ||
    // A number takes the point for its own.
    (/^[\d.]/.test(before) && begin === '.')
  return areOne ? ' ' : ''
}

/**
 * @param {string} text declarations of a module
 * @returns {string} the same without what is internal, and without imports that nothing needs any more; nobody makes what only an
 *   internal constructor made
 */
export function withoutInternals(text) {
  const source = ts.createSourceFile('module.d.ts', text, ts.ScriptTarget.Latest, true)
  /** @type {{ from: number, to: number, as: string }[]} */
  const cuts = []
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')) {
      const as = ts.isConstructorDeclaration(node) ? 'private constructor();' : ''
      cuts.push({ from: node.getFullStart(), to: node.getEnd(), as: as && `\n    ${as}` })
    } else ts.forEachChild(node, visit)
  }
  ts.forEachChild(source, visit)
  if (cuts.length === 0) return text
  const kept = cuts.reduceRight((rest, { from, to, as }) => rest.slice(0, from) + as + rest.slice(to), text)
  return withoutUnusedImports(kept)
}

/**
 * @param {string} text
 * @returns {string} the same without the name of its source map, which is not published
 */
export function withoutMap(text) {
  return text.replace(/^\/\/# sourceMappingURL=.*\n?/gm, '')
}

/**
 * @param {string} root of a package
 * @returns {string[]} the declarations that its exports name
 */
export function declared(root) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const types = Object.values(exports).flatMap((entry) => (typeof entry === 'object' ? [entry.types] : []))
  return types.map((path) => join(root, path))
}

/** @param {string} folder of what was built, in its package */
export function slim(folder) {
  const paths = /** @type {string[]} */ (readdirSync(folder, { recursive: true })).map((name) => join(folder, name))
  const declarations = paths.filter((path) => path.endsWith('.d.ts'))
  for (const path of declarations) writeFileSync(path, withoutMap(withoutInternals(readFileSync(path, 'utf8'))))
  prune(folder, declarations, declared(dirname(folder)))
  const modules = paths.filter((path) => path.endsWith('.js'))
  for (const path of modules) writeFileSync(path, withoutComments(readFileSync(path, 'utf8')))
  for (const path of idle(modules)) rmSync(path)
}

/**
 * @param {string[]} paths of modules
 * @returns {string[]} those that were types alone: nothing is in them, and nobody asks for them
 */
function idle(paths) {
  const texts = new Map(paths.map((path) => [resolve(path), readFileSync(path, 'utf8')]))
  const wanted = new Set(
    [...texts].flatMap(([path, text]) =>
      [...text.matchAll(/['"](\.{1,2}\/[^'"\n]+\.js)['"]/g)].map(([, target = '']) => join(dirname(path), target)),
    ),
  )
  return [...texts].filter(([path, text]) => /^export ?\{\};\s*$/.test(text) && !wanted.has(path)).map(([path]) => path)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? 'dist')
  if (!existsSync(folder)) throw new Error(`${folder} has not been built`)
  slim(folder)
}
