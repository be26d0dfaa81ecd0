// Makes of what was built what is published: code without comments, which its users have in the declarations and others in the repository,
// without indentation and empty lines; and of the declarations those that an export leads to, without what is internal. A line of code
// stays a line.
//
// Usage: node scripts/slim.js [FOLDER]    dist unless given; a build from nothing undoes it

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/**
 * @param {string} text of a module, JavaScript
 * @returns {string} the same without comments, indentation and empty lines
 */
export function withoutComments(text) {
  const source = ts.createSourceFile('module.js', text, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS)
  /** @type {string[]} */
  const kept = []
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
    kept.push(blank(text.slice(node.getFullStart(), start)), text.slice(start, node.getEnd()))
  }
  visit(source)
  return kept.join('')
}

/**
 * @param {string} trivia
 * @returns {string} a line break when it had one, or a space; the line that names an interpreter stays
 */
function blank(trivia) {
  if (trivia === '') return ''
  if (trivia.startsWith('#!')) return trivia.slice(0, trivia.indexOf('\n') + 1)
  return trivia.includes('\n') ? '\n' : ' '
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
  const code = kept.replace(/\/\*[^]*?\*\//g, '').replace(/^import\b.*$/gm, '')
  return kept.replace(/^import (type )?\{ (.*) \} from (.*)\n/gm, (_line, type = '', names, from) => {
    const needed = names.split(', ').filter((/** @type {string} */ name) => {
      return new RegExp(`\\b${name.replace(/^type |^.* as /g, '')}\\b`).test(code)
    })
    return needed.length === 0 ? '' : `import ${type}{ ${needed.join(', ')} } from ${from}\n`
  })
}

/**
 * @param {string} entry declarations
 * @returns {Set<string>} paths of these and of all that they lead to
 */
export function reachable(entry) {
  const found = new Set([entry])
  for (const path of found) {
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(
      /\b(?:from|import)\b[\s(]*['"](\.[^'"]+)\.js['"]/g,
    )) {
      const next = join(dirname(path), `${target}.d.ts`)
      // An example in a comment names files of its reader.
      if (existsSync(next)) found.add(next)
    }
  }
  return found
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
  for (const name of /** @type {string[]} */ (readdirSync(folder, { recursive: true }))) {
    const path = join(folder, name)
    if (path.endsWith('.d.ts')) writeFileSync(path, withoutInternals(readFileSync(path, 'utf8')))
  }
  const declarations = new Set(declared(dirname(folder)).flatMap((entry) => [...reachable(entry)]))
  for (const name of /** @type {string[]} */ (readdirSync(folder, { recursive: true }))) {
    const path = join(folder, name)
    if (path.endsWith('.d.ts') && !declarations.has(path)) rmSync(path)
    if (path.endsWith('.js')) writeFileSync(path, withoutComments(readFileSync(path, 'utf8')))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? 'dist')
  if (!existsSync(join(folder, 'index.d.ts'))) throw new Error(`${folder} has not been built`)
  slim(folder)
}
