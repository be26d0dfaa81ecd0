// Checked options: every options object of the public surface has one table, and one text says what is wrong with what was given.
//
// Own enumerable members that are not undefined must be in the table; values are read as they will be used, through the prototype. To add
// an option: one member in its interface, one row in its table (the compiler asks for the row).

import { InvalidConfigError } from '../errors.js'
import { kindOf } from '../protocol/json.js'
import { nearestName } from './nearest.js'

/** One option. */
export interface Row {
  /** What is said of anything else, such as 'expected a boolean'. */
  readonly expected: string
  allows(value: unknown): boolean
  /** It may hold what somebody keeps secret: errors leave its value out. */
  readonly isSecret?: boolean
  /** It is an object of options itself. */
  readonly members?: OptionTable<never>
  /** It is an array of objects of options. */
  readonly items?: OptionTable<never>
}

/** Every option of `T`. */
export type Rows<T> = { readonly [K in keyof T]-?: Row }

export interface OptionTable<in T> {
  /** What the object is called where it is an argument: options, request, query. */
  readonly what: string
  readonly names: readonly string[]
  /** One for each name. */
  readonly rows: readonly Row[]
  /** Never set: ties the table to the interface it is for. */
  readonly of?: (options: T) => void
}

/** Which call the options are for. */
export interface OptionSubject {
  readonly op: string
  readonly id?: string | undefined
}

export function optionTable<T>(what: string, rows: Rows<T>): OptionTable<T> {
  return { what, names: Object.keys(rows), rows: Object.values<Row>(rows) }
}

/**
 * Checks an options object; undefined counts as none.
 *
 * @throws {InvalidConfigError} naming the member: unknown, or not what it may be
 */
export function checkOptions<T>(subject: OptionSubject, options: T | undefined, table: OptionTable<T>): void {
  if (options === undefined) return
  try {
    checkObject(subject, options, table.what, '', table)
  } catch (cause) {
    if (cause instanceof InvalidConfigError) throw cause
    // A getter or a proxy of the caller's threw.
    throw new InvalidConfigError({ ...subject, path: table.what, reason: 'they cannot be read', cause })
  }
}

/** The same of an object that must be there, with every member. @throws {InvalidConfigError} */
export function checkRequired<T>(subject: OptionSubject, options: T, table: OptionTable<T>): void {
  checkPresent(subject, options, table)
  for (let at = 0; at < table.names.length; at++) {
    const path = table.names[at]!
    if ((options as Readonly<Record<string, unknown>>)[path] !== undefined) continue
    throw new InvalidConfigError({ ...subject, path, value: undefined, reason: table.rows[at]!.expected })
  }
}

/** The same of an object that must be there. @throws {InvalidConfigError} */
export function checkPresent<T>(subject: OptionSubject, options: T, table: OptionTable<T>): void {
  if (options !== undefined) return checkOptions(subject, options, table)
  throw new InvalidConfigError({ ...subject, path: table.what, value: undefined, reason: 'expected an object' })
}

/** A name that must be one of a list, such as that of an event. @throws {InvalidConfigError} */
export function checkName(subject: OptionSubject, path: string, name: unknown, known: readonly string[]): void {
  if (typeof name === 'string' && known.includes(name)) return
  const value = typeof name === 'string' ? cut(name) : name
  throw new InvalidConfigError({ ...subject, path, value, reason: `no such ${path}${hint(String(name), known)}` })
}

function checkObject(
  subject: OptionSubject,
  options: unknown,
  path: string,
  prefix: string,
  table: Omit<OptionTable<never>, 'of'>,
): void {
  const wrong = objectProblem(options)
  if (wrong !== undefined)
    throw new InvalidConfigError({ ...subject, path, reason: `expected an object, not ${wrong}` })
  const given = options as Readonly<Record<string, unknown>>
  const { rows, names } = table
  // Loops as they are: call options are checked on every call, and neither lists of keys nor pairs cost nothing.
  for (const name in given) {
    if (names.includes(name) || given[name] === undefined || !Object.hasOwn(given, name)) continue
    throw unknownOption(subject, prefix, name, names)
  }
  for (let at = 0; at < names.length; at++) {
    const value = given[names[at]!]
    if (value !== undefined) checkValue(subject, prefix, names[at]!, value, rows[at]!)
  }
}

function objectProblem(options: unknown): string | undefined {
  if (typeof options !== 'object') return typeof options === 'function' ? 'a function' : `a ${typeof options}`
  if (options === null) return 'null'
  const kind = kindOf(options)
  if (kind !== undefined) return kind
  const prototype: unknown = Object.getPrototypeOf(options)
  const isSignal =
    prototype !== Object.prototype && prototype !== null && 'aborted' in options && 'addEventListener' in options
  return isSignal ? 'an AbortSignal: give it as { signal }' : undefined
}

function checkValue(subject: OptionSubject, prefix: string, name: string, value: unknown, row: Row): void {
  if (!row.allows(value)) throw badValue(subject, prefix + name, value, row)
  if (row.members === undefined && row.items === undefined) return
  const path = prefix + name
  if (row.members !== undefined && typeof value === 'object') {
    checkObject(subject, value, path, `${path}.`, row.members)
  }
  if (row.items !== undefined && Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      checkObject(subject, item, `${path}[${index}]`, `${path}[${index}].`, row.items!)
    })
  }
}

function badValue(subject: OptionSubject, path: string, value: unknown, row: Row): InvalidConfigError {
  const details = { ...subject, path, reason: row.expected }
  return new InvalidConfigError(row.isSecret === true ? { ...details, secret: value } : { ...details, value })
}

/** Its value is nobody's business: it may be a misspelt secret. */
function unknownOption(
  subject: OptionSubject,
  prefix: string,
  name: string,
  known: readonly string[],
): InvalidConfigError {
  return new InvalidConfigError({ ...subject, path: prefix + cut(name), reason: `no such option${hint(name, known)}` })
}

function hint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? `; there are ${known.join(', ')}` : `; did you mean ${nearest}?`
}

const LONGEST_NAME = 80

function cut(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
}
