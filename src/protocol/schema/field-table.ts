// The schema at run time: which members a type has, in which order they go on the wire, and which are always written.
//
// The tables give each member as text, `Name:type`. After the name, `!` means always on the wire and `!?` always, null when unset.
// A type is a primitive (uint8 … uint64, float64, string, boolean, guid, datetime, any, json: a document carried as a string, base64),
// an enumeration, or another type; `x[]` is an array, `x[2]` an array of two, `x{}` an object by name and `x{uint32}` one whose keys
// are numbers or GUIDs. `...Type` takes over another type's members.

import * as enums from './enums.js'
import { CONTAINER_FIELDS } from './fields/container-fields.js'
import { GUEST_FIELDS } from './fields/guest-fields.js'
import { HOST_FIELDS } from './fields/host-fields.js'

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

const TABLES = [HOST_FIELDS, CONTAINER_FIELDS, GUEST_FIELDS]
const parsed = new Map<string, readonly Field[]>()

/** The members of a type in wire order; undefined for a name that is no type. */
export function fieldsOf(type: string): readonly Field[] | undefined {
  const known = parsed.get(type)
  if (known !== undefined) return known
  const table = TABLES.find((candidate) => Object.hasOwn(candidate, type))
  const rows = table?.[type]
  if (rows === undefined) return undefined
  const fields = rows.flatMap((row) => (row.startsWith('...') ? (fieldsOf(row.slice(3)) ?? []) : [parseField(row)]))
  parsed.set(type, fields)
  return fields
}

/** The names of all types. */
export function typeNames(): string[] {
  return TABLES.flatMap((table) => Object.keys(table))
}

/** The words of a string enumeration; undefined for a name that is none. */
export function enumWords(name: string): readonly string[] | undefined {
  const values: unknown = Object.hasOwn(enums, name) ? enums[name as keyof typeof enums] : undefined
  return Array.isArray(values) ? (values as readonly string[]) : undefined
}

/** Whether a name is an enumeration whose values are numbers. */
export function isNumericEnum(name: string): boolean {
  return Object.hasOwn(enums, name) && enumWords(name) === undefined
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
