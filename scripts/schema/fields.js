// One member of a document as a row of the tables.

import ts from 'typescript'
import { FOLDER, Refusal } from './model.js'

/** @import { Declared, Enumeration } from './model.js' */

const PRIMITIVES_FILE = `${FOLDER}primitives.ts`
/** Exports all of the folder under the names it has there. */
const INDEX = `${FOLDER}index.ts`

/** The primitives of the tables by their aliases in primitives.ts. */
export const PRIMITIVES = new Map(
  Object.entries({
    UInt8: 'uint8',
    UInt16: 'uint16',
    UInt32: 'uint32',
    UInt64: 'uint64',
    Int32: 'int32',
    Int64: 'int64',
    Float64: 'float64',
    Guid: 'guid',
    DateTime: 'datetime',
    JsonText: 'json',
    Base64: 'base64',
  }),
)

/** Keys of an object by name, and those of another form. */
const KEYS = new Map(
  Object.entries({ string: '', UInt8Key: 'uint8', UInt32Key: 'uint32', Int64Key: 'int64', GuidKey: 'guid' }),
)

/** What marks a member that is written even when absent. */
const MARKS = new Map(Object.entries({ Always: '!', AlwaysOrNull: '!?' }))

/** Reads members of documents; references are checked against all that is declared. */
export class FieldReader {
  #declared
  #enumerations

  /**
   * @param {ReadonlyMap<string, Declared>} declared
   * @param {ReadonlyMap<string, Enumeration>} enumerations
   */
  constructor(declared, enumerations) {
    this.#declared = declared
    this.#enumerations = enumerations
  }

  /**
   * @param {Declared} where
   * @param {string} document
   * @param {ts.TypeElement} member
   * @returns {string} such as `Name!:uint32[]`
   */
  row(where, document, member) {
    const refuse = (/** @type {string} */ problem) =>
      new Refusal(`${where.file}: ${document}.${member.name?.getText() ?? member.getText()}: ${problem}`)
    if (!ts.isPropertySignature(member)) throw refuse('a document has members with a type, nothing else')
    const { name, type } = member
    if (!ts.isIdentifier(name) && !ts.isStringLiteral(name)) throw refuse('the name is no plain text')
    if (/[\s:!{}[\]]|^\.\.\.|^$/.test(name.text)) throw refuse('the tables cannot hold such a name')
    if (member.modifiers !== undefined) throw refuse('a member has no modifiers')
    if (member.questionToken === undefined)
      throw refuse('every member is optional; Always<> marks what is always written')
    if (type === undefined) throw refuse('the type is missing')
    const { mark, inner } = this.#unwrap(where, type, refuse)
    return `${name.text}${mark}:${this.#shape(where, inner, refuse)}`
  }

  /**
   * Takes off what says when a member is written.
   *
   * @param {Declared} where
   * @param {ts.TypeNode} type
   * @param {(problem: string) => Refusal} refuse
   */
  #unwrap(where, type, refuse) {
    if (ts.isTypeReferenceNode(type)) {
      const mark = MARKS.get(type.typeName.getText())
      const inner = type.typeArguments?.[0]
      if (mark !== undefined && inner !== undefined) {
        this.#resolve(where, type.typeName.getText(), PRIMITIVES_FILE, refuse)
        return { mark, inner }
      }
    }
    if (type.kind === ts.SyntaxKind.UnknownKeyword) return { mark: '', inner: type }
    const [inner, absent, ...more] = ts.isUnionTypeNode(type) ? type.types : []
    if (inner === undefined || absent?.kind !== ts.SyntaxKind.UndefinedKeyword || more.length > 0) {
      throw refuse(`${type.getText()}: expected \`X | undefined\`, \`Always<X>\`, \`AlwaysOrNull<X>\` or \`unknown\``)
    }
    return { mark: '', inner }
  }

  /**
   * @param {Declared} where
   * @param {ts.TypeNode} type
   * @param {(problem: string) => Refusal} refuse
   */
  #shape(where, type, refuse) {
    if (ts.isArrayTypeNode(type)) return `${this.#element(where, type.elementType, refuse)}[]`
    if (ts.isTupleTypeNode(type)) {
      const [first, ...rest] = type.elements.map((element) => element.getText())
      if (first === undefined || rest.some((text) => text !== first)) throw refuse('a tuple is of one type')
      return `${this.#element(where, /** @type {ts.TypeNode} */ (type.elements[0]), refuse)}[${type.elements.length}]`
    }
    if (ts.isTypeReferenceNode(type) && type.typeName.getText() === 'Record') {
      const [key, value] = type.typeArguments ?? []
      const keys = KEYS.get(key?.getText() ?? '')
      if (key === undefined || value === undefined || keys === undefined) {
        throw refuse(`the key of a Record is one of ${[...KEYS.keys()].join(', ')}`)
      }
      if (keys !== '') this.#resolve(where, key.getText(), PRIMITIVES_FILE, refuse)
      return `${this.#element(where, value, refuse)}{${keys}}`
    }
    return this.#element(where, type, refuse)
  }

  /**
   * @param {Declared} where
   * @param {ts.TypeNode} type
   * @param {(problem: string) => Refusal} refuse
   */
  #element(where, type, refuse) {
    switch (type.kind) {
      case ts.SyntaxKind.StringKeyword:
        return 'string'
      case ts.SyntaxKind.BooleanKeyword:
        return 'boolean'
      case ts.SyntaxKind.UnknownKeyword:
        return 'any'
      case ts.SyntaxKind.NumberKeyword:
      case ts.SyntaxKind.BigIntKeyword:
        throw refuse(`${type.getText()} does not say how wide; use ${[...PRIMITIVES.keys()].slice(0, 7).join(', ')}`)
    }
    if (!ts.isTypeReferenceNode(type) || type.typeArguments !== undefined) {
      throw refuse(`the tables cannot hold ${type.getText()}`)
    }
    return this.kindOf(where, type.typeName.getText(), refuse)
  }

  /**
   * The name of a type in the tables. The file must mean the one declared, not another of the same name.
   *
   * @param {Declared} where
   * @param {string} name
   * @param {(problem: string) => Refusal} refuse
   */
  kindOf(where, name, refuse) {
    const primitive = PRIMITIVES.get(name)
    const file =
      primitive === undefined ? (this.#declared.get(name) ?? this.#enumerations.get(name))?.file : PRIMITIVES_FILE
    if (file === undefined) throw refuse(`${name} is no primitive, enumeration or exported document`)
    this.#resolve(where, name, file, refuse)
    return primitive ?? name
  }

  /**
   * @param {Declared} where
   * @param {string} name
   * @param {string} file where it is declared
   * @param {(problem: string) => Refusal} refuse
   */
  #resolve(where, name, file, refuse) {
    const imported = where.imports.get(name)
    const files = file.startsWith(FOLDER) && !where.file.startsWith(FOLDER) ? [file, INDEX] : [file]
    if (imported === undefined ? where.file === file : files.includes(imported.file) && imported.name === name) return
    throw refuse(`${name} must be the one declared in ${file}, imported from there by its name`)
  }
}
