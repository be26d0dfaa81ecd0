// Documents as they come in.

import { checkDocument } from '../../../protocol/document.js'
import { isRecord, parseJson } from '../../../protocol/json.js'
import type { TypeName } from '../../../protocol/schema/field-table.js'
import { invalidDocument } from '../failure.js'

/** The text as an object. @throws {HcsFailure} not JSON, or something else */
export function parseDocument(text: string): Record<string, unknown> {
  let document: unknown
  try {
    document = parseJson(text)
  } catch (error) {
    throw invalidDocument('$', error instanceof Error ? error.message : 'not JSON')
  }
  if (!isRecord(document)) throw invalidDocument('$', 'expected an object')
  return document
}

/** A document with its null members and elements left out: they count as absent. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls)
  if (!isRecord(value)) return value
  const kept = Object.entries(value).filter(([, item]) => item !== null)
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutNulls(item)]))
}

/** An options document, checked against its schema type ('any': an object of any kind); '' is none. @throws {HcsFailure} */
export function readOptions(type: TypeName, text: string): Record<string, unknown> {
  if (text === '') return {}
  const options = parseDocument(text)
  const [problem] = checkDocument(type, options, { strict: false })
  if (problem !== undefined) throw invalidDocument(problem.path, problem.problem)
  return options
}
