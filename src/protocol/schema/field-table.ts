// The schema at run time: which members a type has, in which order they go on the wire, and which are always written.
//
// The tables are generated from the interfaces (scripts/schema), one text for each type: its members in wire order, `Name:type`, with a
// space between. After the name, `!` means always on the wire and `!?` always, null when unset. A type is a primitive (uint8 … uint64,
// int32, int64, float64, string, boolean, guid, datetime, any, json: a document carried as a string, base64), an enumeration, or
// another type; `x[]` is an array, `x[2]` an array of two, `x{}` an object by name and `x{uint32}` one whose keys are numbers or GUIDs.

import { ROWS, WORDS, type Primitive } from './generated/tables.js'

export interface FieldType {
  /** Primitive, enumeration or type name of one element. */
  readonly of: string
  readonly shape: 'one' | 'array' | 'map'
  /** Exact number of elements of an array. */
  readonly length?: number
  /** Form of the keys of a map; '' for plain names. */
  readonly keys?: string
}

export interface Field extends FieldType {
  readonly name: string
  /** Written even when the value is absent. */
  readonly always: boolean
  /** What `always` writes for an absent value is null. */
  readonly nullable: boolean
}

/** The name of a type. */
export type DocumentName = keyof typeof ROWS

/** The name of a type, enumeration or primitive: what names one is no longer compiled when it is renamed. */
export type TypeName = DocumentName | keyof typeof WORDS | Primitive

const rows: Readonly<Record<string, string>> = ROWS
const words: Readonly<Record<string, readonly string[] | 'number'>> = WORDS
const parsed = new Map<string, readonly Field[]>()

/** The members of a type in wire order; undefined for a name that is no type. */
export function fieldsOf(type: string): readonly Field[] | undefined {
  const known = parsed.get(type)
  if (known !== undefined) return known
  const row = Object.hasOwn(rows, type) ? rows[type] : undefined
  if (row === undefined) return undefined
  const fields = row === '' ? [] : row.split(' ').map(parseField)
  parsed.set(type, fields)
  return fields
}

/** The names of all types. */
export function typeNames(): DocumentName[] {
  return Object.keys(rows) as DocumentName[]
}

/** The words of a string enumeration; undefined for a name that is none. */
export function enumWords(name: string): readonly string[] | undefined {
  const values = Object.hasOwn(words, name) ? words[name] : undefined
  return values === 'number' ? undefined : values
}

/** Whether a name is an enumeration whose values are numbers. */
export function isNumericEnum(name: string): boolean {
  return Object.hasOwn(words, name) && words[name] === 'number'
}

function parseField(row: string): Field {
  const found = /^(.+?)(!\??)?:(\w+)(?:\[(\d*)\]|\{(\w*)\})?$/.exec(row)
  if (found?.[1] === undefined || found[3] === undefined) throw new Error(`malformed schema row: ${row}`)
  const [, name, mark, of, length, keys] = found
  return {
    name,
    always: mark !== undefined,
    nullable: mark === '!?',
    of,
    shape: length !== undefined ? 'array' : keys !== undefined ? 'map' : 'one',
    ...(length ? { length: Number(length) } : {}),
    ...(keys === undefined ? {} : { keys }),
  }
}
