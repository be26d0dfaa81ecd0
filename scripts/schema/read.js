// Reads the schema out of TypeScript: syntax only, no type checker. What it cannot express it refuses, naming file and member.
//
// Documents are the interfaces exported under src/protocol/schema, and those tagged `@schema` anywhere else under src/protocol. An
// exported type alias is a document where it renames another one, or has no members (`Record<string, never>`). An enumeration is a
// constant, a list of words or an object of numbers, beside a type of the same name.

import path from 'node:path'
import ts from 'typescript'
import { readEnumeration } from './enumerations.js'
import { FieldReader } from './fields.js'
import { FOLDER, Refusal } from './model.js'

/** @import { Declaration, Declared, Document, Enumeration, Schema } from './model.js' */

/** Files in the schema's folder that hold no documents. */
const MACHINERY = new Set(['index.ts', 'public.ts', 'field-table.ts', 'primitives.ts'].map((name) => FOLDER + name))

/**
 * @param {Map<string, string>} sources text by path
 * @returns {{ schema: Schema, problems: string[] }} the schema is complete only without problems
 */
export function readSchema(sources) {
  /** @type {string[]} */
  const problems = []
  /** @type {Map<string, Enumeration>} */
  const enumerations = new Map()
  /** @type {Map<string, Declared>} */
  const declared = new Map()
  const attempt = (/** @type {() => void} */ work) => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      problems.push(error.message)
    }
  }

  const files = [...sources].filter(
    ([file, text]) => !MACHINERY.has(file) && (isInFolder(file) || text.includes('@schema')),
  )
  for (const [file, text] of files) {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
    const imports = readImports(source, file)
    for (const node of source.statements) {
      attempt(() => {
        const found = isInFolder(file) || isTagged(node) ? readEnumeration(node, source, file) : undefined
        if (found !== undefined) {
          refuseTwice(file, found.name, enumerations.get(found.name) ?? declared.get(found.name))
          enumerations.set(found.name, { file, words: found.words })
        } else if (isDeclaration(node) && isDocument(node, file, source)) {
          refuseTwice(file, node.name.text, enumerations.get(node.name.text) ?? declared.get(node.name.text))
          declared.set(node.name.text, { file, node, imports })
        }
      })
    }
  }

  const reader = new FieldReader(declared, enumerations)
  /** @type {Map<string, Document>} */
  const documents = new Map()
  for (const [name, { file }] of [...declared].sort(([a], [b]) => (a < b ? -1 : 1))) {
    attempt(() => {
      documents.set(name, { file, rows: readRows(name, declared, reader) })
    })
  }
  return { schema: { documents, enumerations }, problems }
}

/**
 * What a file imports by name.
 *
 * @param {ts.SourceFile} source
 * @param {string} file
 * @returns {Declared['imports']}
 */
function readImports(source, file) {
  return new Map(
    source.statements.filter(ts.isImportDeclaration).flatMap(({ importClause, moduleSpecifier }) => {
      const named = importClause?.namedBindings
      if (named === undefined || !ts.isNamedImports(named) || !ts.isStringLiteral(moduleSpecifier)) return []
      const from = path.posix.join(path.posix.dirname(file), moduleSpecifier.text).replace(/\.js$/, '.ts')
      return named.elements.map((one) => [one.name.text, { file: from, name: (one.propertyName ?? one.name).text }])
    }),
  )
}

/** @param {string} file */
function isInFolder(file) {
  return file.startsWith(FOLDER)
}

/** @param {ts.Node} node */
function isTagged(node) {
  return ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'schema')
}

/**
 * @param {ts.Statement} node
 * @returns {node is Declaration}
 */
function isDeclaration(node) {
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)
}

/**
 * @param {Declaration} node
 * @param {string} file
 * @param {ts.SourceFile} source
 */
function isDocument(node, file, source) {
  const exported = ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export
  if (!isInFolder(file) && !isTagged(node)) return false
  if (!exported) {
    if (isTagged(node)) throw new Refusal(`${file}: ${node.name.text}: a document is exported`)
    return false
  }
  if (node.typeParameters !== undefined)
    throw new Refusal(`${file}: ${node.name.text}: a document has no type parameters`)
  // The type of an enumeration belongs to the constant of the same name.
  return !(ts.isTypeAliasDeclaration(node) && declaresConstant(source, node.name.text))
}

/**
 * @param {ts.SourceFile} source
 * @param {string} name
 */
function declaresConstant(source, name) {
  return source.statements.some(
    (node) =>
      ts.isVariableStatement(node) &&
      node.declarationList.declarations.some((one) => one.name.getText(source) === name),
  )
}

/**
 * @param {string} file
 * @param {string} name
 * @param {{ file: string } | undefined} other
 */
function refuseTwice(file, name, other) {
  if (other !== undefined) throw new Refusal(`${file}: ${name}: ${other.file} has one of that name already`)
}

/**
 * The rows of one document, what it takes over from others first.
 *
 * @param {string} name
 * @param {Map<string, Declared>} declared
 * @param {FieldReader} reader
 * @param {readonly string[]} [through] documents that led here
 * @returns {string[]}
 */
function readRows(name, declared, reader, through = []) {
  const found = /** @type {Declared} */ (declared.get(name))
  const { file, node } = found
  const refuse = (/** @type {string} */ problem) => new Refusal(`${file}: ${name}: ${problem}`)
  if (through.includes(name)) throw refuse('takes over its own members')
  const inherit = (/** @type {string} */ other) => {
    reader.kindOf(found, other, refuse)
    if (!declared.has(other)) throw refuse(`${other} has no members to take over`)
    return readRows(other, declared, reader, [...through, name])
  }
  if (ts.isTypeAliasDeclaration(node)) {
    const text = node.type.getText()
    if (text === 'Record<string, never>') return []
    if (!ts.isTypeReferenceNode(node.type) || node.type.typeArguments !== undefined) {
      throw refuse(`${text} is no document; write an interface, or an enumeration with its constant`)
    }
    return inherit(text)
  }
  const rows = (node.heritageClauses ?? [])
    .flatMap((clause) => [...clause.types])
    .flatMap((type) => inherit(type.getText()))
  for (const member of node.members) {
    rows.push(reader.row(found, name, member))
  }
  const names = rows.map((row) => row.split(/!?\??:/, 1)[0])
  const twice = names.find((one, index) => names.indexOf(one) !== index)
  if (twice !== undefined) throw new Refusal(`${file}: ${name}.${twice}: a member of that name is taken over already`)
  return rows
}
