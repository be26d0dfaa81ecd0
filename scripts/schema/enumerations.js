// Enumerations: a constant and a type of one name. The type leaves room for what newer hosts add.

import ts from 'typescript'
import { Refusal } from './model.js'

/**
 * @param {ts.Statement} node
 * @param {ts.SourceFile} source
 * @param {string} file
 * @returns {{ name: string, words: string[] | undefined } | undefined} undefined for what is no enumeration
 */
export function readEnumeration(node, source, file) {
  if (!ts.isVariableStatement(node)) return undefined
  const [declaration] = node.declarationList.declarations
  if (declaration === undefined || !ts.isIdentifier(declaration.name)) return undefined
  const name = declaration.name.text
  const type = source.statements.find((one) => ts.isTypeAliasDeclaration(one) && one.name.text === name)
  if (type === undefined || !ts.isTypeAliasDeclaration(type)) return undefined
  const refuse = (/** @type {string} */ problem) => new Refusal(`${file}: ${name}: ${problem}`)
  for (const part of [node, type]) {
    if (!part.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) {
      throw refuse('constant and type of an enumeration are exported')
    }
  }
  const value = declaration.initializer
  if (value === undefined || !ts.isAsExpression(value) || value.type.getText() !== 'const') {
    throw refuse('the constant of an enumeration ends in `as const`')
  }
  const words = readWords(value.expression)
  if (words === undefined && !holdsNumbers(value.expression)) {
    throw refuse('an enumeration is a list of words or an object of numbers')
  }
  const expected = words === undefined ? 'number' : `(typeof ${name})[number] | (string & {})`
  if (type.type.getText() !== expected) throw refuse(`its type must be \`${expected}\``)
  if (words !== undefined && new Set(words).size !== words.length) throw refuse('a word stands twice')
  return { name, words }
}

/** @param {ts.Expression} value */
function readWords(value) {
  if (!ts.isArrayLiteralExpression(value)) return undefined
  const words = value.elements.map((element) => (ts.isStringLiteral(element) ? element.text : undefined))
  return words.every((word) => word !== undefined) ? words : undefined
}

/** @param {ts.Expression} value */
function holdsNumbers(value) {
  return (
    ts.isObjectLiteralExpression(value) &&
    value.properties.every((one) => ts.isPropertyAssignment(one) && ts.isNumericLiteral(one.initializer))
  )
}
