// Documents of the schema: written in wire order, checked, copied.
//
// What a caller gives is sent as given: `undefined` is left out, explicit 0, false, '' and null stay, members that the schema marks
// "always" are filled in, and members the schema does not know stay, at the end. Map keys keep the caller's order.

import { isRecord, kindOf, MAX_JSON_DEPTH, setMember } from './json.js'
import { enumWords, fieldsOf, isNumericEnum, type Field, type FieldType, type TypeName } from './schema/field-table.js'

/** A value that cannot be a document. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  declare readonly value: unknown

  constructor(
    /** JSON path, such as `$.VirtualMachine.Devices`. */
    readonly path: string,
    readonly problem: string,
    /** What is there. */
    value: unknown,
  ) {
    super(`${path}: ${problem}`)
    // Not for who prints the error: it may be a whole object.
    Object.defineProperty(this, 'value', { value, enumerable: false })
  }
}

/**
 * The JSON text of a document of the named type; without a type, members keep the order given.
 *
 * @throws {DocumentError} a cycle, a function, a symbol, a Map or the like, a number that is not finite, or nesting deeper than 128
 */
export function serialiseDocument(type: TypeName | undefined, value: unknown): string {
  const of = type === undefined ? ANY : { of: type, shape: 'one' as const }
  try {
    return write(value, of, undefined, 0) ?? 'null'
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    // Where it is is worked out only now.
    return write(value, of, '$', 0) ?? 'null'
  }
}

/** Undefined: nobody asks for it. */
type Path = string | undefined

/** Names of the schema as JSON text. */
const quoted = new Map<string, string>()

function quotedName(name: string): string {
  let text = quoted.get(name)
  if (text === undefined) quoted.set(name, (text = JSON.stringify(name)))
  return text
}

/** The names of a type's members. */
const namesOf = new WeakMap<readonly Field[], ReadonlySet<string>>()

function knownNames(fields: readonly Field[]): ReadonlySet<string> {
  let names = namesOf.get(fields)
  if (names === undefined) namesOf.set(fields, (names = new Set(fields.map(({ name }) => name))))
  return names
}

const NO_FIELDS: readonly Field[] = []

const ANY: FieldType = { of: 'any', shape: 'one' }

function write(value: unknown, type: FieldType, path: Path, depth: number): string | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined
    case 'boolean':
      return String(value)
    case 'bigint':
      return value.toString()
    case 'string':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new DocumentError(path ?? '$', `${value} is not a JSON number`, value)
      return JSON.stringify(value)
    case 'object':
      break
    default:
      throw new DocumentError(path ?? '$', `a ${typeof value} cannot be part of a document`, value)
  }
  if (value === null) return 'null'
  if (depth >= MAX_JSON_DEPTH)
    throw new DocumentError(path ?? '$', `nested more than ${MAX_JSON_DEPTH} deep, or a cycle`, value)
  if (Array.isArray(value)) {
    const of = type.shape === 'array' ? { of: type.of, shape: 'one' as const } : ANY
    // Array.from, because map leaves holes as they are.
    const items = Array.from(value, (item, index) => write(item, of, path && `${path}[${index}]`, depth + 1) ?? 'null')
    return `[${items.join(',')}]`
  }
  const toJson: unknown = (value as { toJSON?: unknown }).toJSON
  if (typeof toJson === 'function') return write((toJson as () => unknown).call(value), type, path, depth + 1)
  refuseContainer(value, path)
  return writeObject(value as Record<string, unknown>, type, path, depth)
}

/** A Map would be sent as {}, and its entries lost. */
function refuseContainer(value: object, path: Path): void {
  const kind = kindOf(value)
  if (kind !== undefined)
    throw new DocumentError(path ?? '$', `${kind} cannot be part of a document: give plain objects and arrays`, value)
}

function writeObject(value: Record<string, unknown>, type: FieldType, path: Path, depth: number): string {
  let members = ''
  const put = (name: string, text: string | undefined): void => {
    if (text !== undefined) members += `${members === '' ? '' : ','}${name}:${text}`
  }
  const under = (name: string): Path => path && memberPath(path, name)
  if (type.shape === 'map') {
    const of = { of: type.of, shape: 'one' as const }
    for (const name of Object.keys(value)) put(JSON.stringify(name), write(value[name], of, under(name), depth + 1))
    return `{${members}}`
  }
  const fields = type.shape === 'one' ? (fieldsOf(type.of) ?? NO_FIELDS) : NO_FIELDS
  for (const field of fields) {
    const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined
    const text = given === undefined ? undefined : write(given, field, under(field.name), depth + 1)
    put(quotedName(field.name), text ?? (field.always ? zeroText(field, depth + 1) : undefined))
  }
  const known = knownNames(fields)
  for (const name of Object.keys(value)) {
    if (!known.has(name)) put(JSON.stringify(name), write(value[name], ANY, under(name), depth + 1))
  }
  return `{${members}}`
}

/** What is written for a member that is absent but always on the wire. */
function zeroText(field: Field, depth: number): string {
  if (field.nullable) return 'null'
  if (field.length !== undefined) return `[${Array.from({ length: field.length }, () => '0').join(',')}]`
  if (field.shape !== 'one') return field.shape === 'array' ? '[]' : '{}'
  switch (field.of) {
    case 'string':
    case 'json':
    case 'base64':
      return '""'
    case 'boolean':
      return 'false'
    case 'guid':
      return '"00000000-0000-0000-0000-000000000000"'
    case 'datetime':
      return '"0001-01-01T00:00:00Z"'
    case 'any':
      return 'null'
    default:
      if (fieldsOf(field.of) !== undefined) {
        return writeObject({}, { of: field.of, shape: 'one' }, '$', depth)
      }
      return enumWords(field.of) === undefined ? '0' : '""'
  }
}

export interface DocumentProblem {
  /** JSON path of the offending value. */
  path: string
  problem: string
}

const WIDTHS: ReadonlyMap<string, readonly [bigint, bigint]> = new Map(
  [8, 16, 32, 64].flatMap((bits): [string, readonly [bigint, bigint]][] => [
    [`uint${bits}`, [0n, (1n << BigInt(bits)) - 1n]],
    [`int${bits}`, [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]],
  ]),
)

/**
 * What is wrong with a document: wrong JSON types, integers outside their width, unknown words of an enumeration, map keys of the wrong
 * form; with `strict` also members that the schema does not have. null counts as absent.
 */
export function checkDocument(type: TypeName, value: unknown, options: { strict: boolean }): DocumentProblem[] {
  const problems: DocumentProblem[] = []
  check(value, { of: type, shape: 'one' }, '$', options.strict, problems)
  return problems
}

function check(value: unknown, type: FieldType, path: string, strict: boolean, problems: DocumentProblem[]): void {
  if (value === null || value === undefined) return
  const wrong = (expected: string): void => {
    problems.push({ path, problem: `expected ${expected}` })
  }
  const one = { of: type.of, shape: 'one' as const }
  if (type.shape === 'array') {
    if (!Array.isArray(value)) return wrong('an array')
    if (type.length !== undefined && value.length !== type.length) return wrong(`an array of ${type.length}`)
    value.forEach((item, index) => check(item, one, `${path}[${index}]`, strict, problems))
    return
  }
  if (type.shape === 'map') {
    if (!isRecord(value)) return wrong('an object')
    for (const [name, item] of Object.entries(value)) {
      if (!keyFits(name, type.keys ?? ''))
        problems.push({ path: memberPath(path, name), problem: `expected a ${type.keys} as key` })
      check(item, one, memberPath(path, name), strict, problems)
    }
    return
  }
  const fields = fieldsOf(type.of)
  if (fields !== undefined) {
    if (!isRecord(value)) return wrong('an object')
    checkMembers(value, fields, path, strict, problems)
    return
  }
  const expected = scalarProblem(value, type.of)
  if (expected !== undefined) wrong(expected)
}

function checkMembers(
  value: Record<string, unknown>,
  fields: readonly Field[],
  path: string,
  strict: boolean,
  problems: DocumentProblem[],
): void {
  for (const field of fields) {
    if (Object.hasOwn(value, field.name))
      check(value[field.name], field, memberPath(path, field.name), strict, problems)
  }
  if (!strict) return
  const known = new Set(fields.map((field) => field.name))
  for (const name of Object.keys(value)) {
    if (!known.has(name)) problems.push({ path: memberPath(path, name), problem: 'unknown member' })
  }
}

/** What was expected instead of `value`; undefined when it fits. */
function scalarProblem(value: unknown, type: string): string | undefined {
  const width = WIDTHS.get(type)
  if (width !== undefined || isNumericEnum(type)) {
    const [low, high] = width ?? WIDTHS.get('uint32')!
    const integer =
      typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)) ? BigInt(value) : undefined
    return integer !== undefined && integer >= low && integer <= high ? undefined : `an integer (${type})`
  }
  const words = enumWords(type)
  if (words !== undefined) {
    return typeof value === 'string' && words.includes(value) ? undefined : `one of ${words.join(', ')}`
  }
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'float64':
      return typeof value === 'number' ? undefined : 'a number'
    case 'any':
      return undefined
    default:
      return typeof value === 'string' ? undefined : 'a string'
  }
}

function keyFits(name: string, keys: string): boolean {
  if (keys === '') return true
  if (keys === 'guid') return /^\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i.test(name)
  return /^\d{1,20}$/.test(name) && scalarProblem(BigInt(name), keys) === undefined
}

function memberPath(path: string, name: string): string {
  return /^[\w-]+$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`
}

/**
 * A deep copy of plain data, as it would be sent: `undefined` members are left out, toJSON is asked.
 *
 * @throws {DocumentError} as serialiseDocument does
 */
export function copyDocument<T>(value: T): T {
  return copy(value, '$', 0) as T
}

function copy(value: unknown, path: string, depth: number): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new DocumentError(path, `a ${typeof value} cannot be part of a document`, value)
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new DocumentError(path, `${value} is not a JSON number`, value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_JSON_DEPTH)
    throw new DocumentError(path, `nested more than ${MAX_JSON_DEPTH} deep, or a cycle`, value)
  if (Array.isArray(value)) return Array.from(value, (item, index) => copy(item, `${path}[${index}]`, depth + 1))
  const toJson: unknown = (value as { toJSON?: unknown }).toJSON
  if (typeof toJson === 'function') return copy((toJson as () => unknown).call(value), path, depth + 1)
  refuseContainer(value, path)
  const result: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) {
    if (item !== undefined) setMember(result, name, copy(item, memberPath(path, name), depth + 1))
  }
  return result
}
