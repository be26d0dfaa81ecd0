// What of the declarations is published: statements that an export leads to, in files that something leads to.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ts from 'typescript'

/**
 * @param {string} text declarations of a module
 * @returns {string} the same without imports that nothing in it needs
 */
export function withoutUnusedImports(text) {
  const code = text.replace(/\/\*[^]*?\*\//g, '').replace(/^import\b.*$/gm, '')
  return text.replace(/^import (type )?\{ (.*) \} from (.*)\n?/gm, (_line, type = '', names, from) => {
    const needed = names.split(', ').filter((/** @type {string} */ name) => {
      return new RegExp(`\\b${name.replace(/^type |^.* as /g, '')}\\b`).test(code)
    })
    return needed.length === 0 ? '' : `import ${type}{ ${needed.join(', ')} } from ${from}\n`
  })
}

/**
 * @param {ts.Node} node
 * @returns {ts.Statement} the statement of its file that it stands in
 */
function statementOf(node) {
  while (!ts.isSourceFile(node.parent)) node = node.parent
  return /** @type {ts.Statement} */ (node)
}

/**
 * Leaves in the declarations of a folder what its entries lead to; files that nothing leads to go.
 *
 * @param {string} folder
 * @param {string[]} paths of all declarations in it
 * @param {string[]} entries of them, those that an export of the package names
 */
export function prune(folder, paths, entries) {
  const root = `${resolve(folder).replaceAll('\\', '/')}/`
  const program = ts.createProgram(entries, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noLib: true,
    types: [],
  })
  const checker = program.getTypeChecker()
  const isOurs = (/** @type {ts.SourceFile} */ file) => resolve(file.fileName).replaceAll('\\', '/').startsWith(root)
  /** @type {Map<ts.SourceFile, Set<ts.Statement>>} */
  const kept = new Map()
  /** @type {Set<ts.Symbol>} */
  const seen = new Set()
  /** @type {ts.Statement[]} */
  const queue = []

  /** @param {ts.Statement} statement */
  const keep = (statement) => {
    const file = statement.getSourceFile()
    if (!isOurs(file)) return
    include(file)
    const statements = /** @type {Set<ts.Statement>} */ (kept.get(file))
    if (statements.has(statement)) return
    statements.add(statement)
    queue.push(statement)
  }
  /** @param {ts.Symbol | undefined} symbol */
  const mark = (symbol) => {
    if (symbol === undefined || seen.has(symbol)) return
    seen.add(symbol)
    for (const declaration of symbol.declarations ?? []) {
      if (ts.isSourceFile(declaration)) {
        // A module as a whole: `export * as name`.
        if (isOurs(declaration)) for (const one of checker.getExportsOfModule(symbol)) mark(one)
      } else keep(statementOf(declaration))
    }
    if (symbol.flags & ts.SymbolFlags.Alias) mark(checker.getImmediateAliasedSymbol(symbol))
  }
  /**
   * What a file passes on whole, and what it does to others, it does as long as it is there.
   *
   * @param {ts.SourceFile} file
   */
  const include = (file) => {
    if (kept.has(file)) return
    kept.set(file, new Set())
    for (const statement of file.statements) {
      const passesOn = ts.isExportDeclaration(statement) && statement.exportClause === undefined
      const doesSomething = ts.isImportDeclaration(statement) && statement.importClause === undefined
      if (passesOn || doesSomething || ts.isModuleDeclaration(statement)) keep(statement)
    }
  }
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isIdentifier(node)) mark(checker.getSymbolAtLocation(node))
    else if (ts.isStringLiteral(node)) {
      // The module that a kept import, export or import type names must be there.
      const [module] = checker.getSymbolAtLocation(node)?.declarations ?? []
      if (module !== undefined && ts.isSourceFile(module) && isOurs(module)) include(module)
    }
    ts.forEachChild(node, visit)
  }

  for (const entry of entries) {
    const file = program.getSourceFile(entry)
    if (file === undefined) throw new Error(`${entry} is missing`)
    for (const statement of file.statements) if (!ts.isImportDeclaration(statement)) keep(statement)
  }
  for (let statement = queue.pop(); statement !== undefined; statement = queue.pop()) visit(statement)

  const files = new Map([...kept.keys()].map((file) => [resolve(file.fileName), file]))
  for (const path of paths) {
    const file = files.get(resolve(path))
    if (file === undefined) rmSync(path)
    else writeFileSync(path, only(file, /** @type {Set<ts.Statement>} */ (kept.get(file))))
  }
}

/**
 * @param {ts.SourceFile} file
 * @param {Set<ts.Statement>} kept
 * @returns {string} what is kept of it: a module still
 */
function only(file, kept) {
  const text = readFileSync(file.fileName, 'utf8')
  const statements = file.statements.filter((statement) => kept.has(statement))
  const parts = statements.map((statement) =>
    text.slice(statement.getFullStart(), statement.getEnd()).replace(/^\s+/, ''),
  )
  const isModule = statements.some(
    (one) =>
      ts.isExportDeclaration(one) ||
      (ts.canHaveModifiers(one) && ts.getModifiers(one)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)),
  )
  return withoutUnusedImports([...parts, ...(isModule ? [] : ['export {};']), ''].join('\n'))
}
