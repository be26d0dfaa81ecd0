// Rows of option tables: what one option may be, and what is said when it is something else.

import { isRecord } from '../protocol/json.js'
import type { OptionTable, Row } from './table.js'

const row = (expected: string, allows: Row['allows']): Row => ({ expected: `expected ${expected}`, allows })

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
const isMs = (value: unknown): value is number => typeof value === 'number' && value > 0

export { row }
export const BOOLEAN = row('a boolean', (value) => typeof value === 'boolean')
export const STRING = row('a string', (value) => typeof value === 'string')
export const TEXT = row('a non-empty string', (value) => typeof value === 'string' && value !== '')
export const INTEGER = row('an integer', Number.isSafeInteger)
/** An integer of 0 or more. */
export const NUMBER = row('an integer of 0 or more', (value) => Number.isSafeInteger(value) && (value as number) >= 0)
export const COUNT = row('an integer above 0', isCount)
export const COUNT_OR_INFINITY = row('an integer above 0, or Infinity', (value) => value === Infinity || isCount(value))
/** A time to wait. */
export const MILLISECONDS = row('milliseconds above 0, or Infinity', isMs)
export const SIGNAL = row(
  'an AbortSignal',
  (value) => typeof (value as { addEventListener?: unknown } | null)?.addEventListener === 'function',
)
export const STRINGS = row(
  'an array of strings',
  (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
)
export const OBJECT = row('an object', isRecord)
/** Checked by who takes it. */
export const ANYTHING = row('anything', () => true)

export function oneOf(...words: readonly string[]): Row {
  const listed = words.map((word) => `'${word}'`)
  const text = listed.length < 2 ? listed.join('') : `${listed.slice(0, -1).join(', ')} or ${listed.at(-1)}`
  return row(text, (value) => words.some((word) => word === value))
}

/** The same, and its value is never part of an error: it may hold what somebody keeps secret. */
export const secret = (of: Row): Row => ({ ...of, isSecret: true })

/** An object of options of its own. */
export const group = <T>(table: OptionTable<T>): Row => ({
  expected: 'expected an object',
  allows: isRecord,
  members: table,
})

/** The same, or one of these values instead of it. */
export const groupOr = <T>(expected: string, instead: readonly unknown[], table: OptionTable<T>): Row => ({
  expected: `expected ${expected}`,
  allows: (value) => instead.includes(value) || isRecord(value),
  members: table,
})

/** An array of such objects. */
export const listOf = <T>(table: OptionTable<T>): Row => ({
  expected: 'expected an array',
  allows: Array.isArray,
  items: table,
})
