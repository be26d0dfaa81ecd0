// What the builder refuses in its arguments: wrong JavaScript types. Ranges and combinations are the compute service's to judge.

import { atPath, InvalidConfigError } from '../errors.js'
import { copyDocument, DocumentError } from '../protocol/document.js'
import { isRecord } from '../protocol/json.js'
import type { Int64 } from '../protocol/schema/index.js'

export function refuse(method: string, path: string, value: unknown, reason: string): InvalidConfigError {
  return new InvalidConfigError({ op: `builder.${method}`, path, value, reason })
}

/** A deep copy of a settings object. @throws {InvalidConfigError} no object, or not serialisable */
export function settings<T extends object>(method: string, path: string, value: T): T {
  try {
    const copy: unknown = isRecord(value) ? copyDocument(value) : undefined
    if (isRecord(copy)) return copy as T
  } catch (error) {
    // Else a getter or a toJSON of the caller's threw.
    const isOurs = error instanceof DocumentError
    const where = isOurs ? error.path.replace(/^\$/, path) : path
    throw new InvalidConfigError({
      op: `builder.${method}`,
      path: where,
      ...atPath(isOurs ? error.value : value),
      reason: isOurs ? error.problem : 'it cannot be read',
      cause: error,
    })
  }
  throw refuse(method, path, value, 'expected an object')
}

/** The same, or undefined, which clears what was set. */
export function optionalSettings<T extends object>(method: string, path: string, value: T | undefined): T | undefined {
  return value === undefined ? undefined : settings(method, path, value)
}

/** A non-empty string. */
export function text(method: string, path: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw refuse(method, path, value, 'expected a non-empty string')
  return value
}

/** An integer of 0 or more, as number or bigint. */
export function count<T extends Int64>(method: string, path: string, value: T): T {
  const fits = typeof value === 'bigint' ? value >= 0n : Number.isSafeInteger(value) && value >= 0
  if (!fits) throw refuse(method, path, value, 'expected an integer of 0 or more')
  return value
}

/** A map key that is a decimal number, such as a LUN. */
export function numberKey(method: string, path: string, value: unknown): string {
  if (typeof value !== 'string' || !/^(0|[1-9]\d*)$/.test(value)) {
    throw refuse(method, path, value, 'expected an integer of 0 or more, as text')
  }
  return value
}
