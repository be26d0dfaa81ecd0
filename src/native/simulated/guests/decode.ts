// Reading documents as a guest does: names in any letter case, zero values for what is absent, a code of its own for what does not decode. The text of
// such a failure quotes the document, as the Linux guest does.

import { checkDocument } from '../../../protocol/document.js'
import type { TypeName } from '../../../protocol/schema/field-table.js'
import { isGuid } from '../../../protocol/guid.js'
import { foldedMember as member, parseFolded } from '../../../protocol/bridge/folding.js'
import { isRecord } from '../../../protocol/json.js'
import { GUEST, GuestFault } from './fault.js'

export type Document = Record<string, unknown>

/** Characters of an undecodable document that an answer quotes. The real guest has no limit; ours keeps memory in bounds. */
const MAX_QUOTE = 64 * 1024

export function invalidJson(reason: string, context?: string): GuestFault {
  return new GuestFault(GUEST.invalidJson, reason, context)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder('utf-8')

/** A request's payload: the document, or why there is none, and the ActivityId when one can be made out. */
export interface DecodedRequest {
  readonly document?: Document
  readonly problem?: GuestFault
  /** Lower case; answers echo it even when the rest is wrong. */
  readonly activity?: string
}

/** Never throws. */
export function decodeRequest(payload: Uint8Array): DecodedRequest {
  let document: unknown
  try {
    document = parseFolded(decoder.decode(payload))
  } catch (error) {
    return { problem: undecodable(lenient.decode(payload), error instanceof Error ? error.message : String(error)) }
  }
  if (!isRecord(document)) return { problem: undecodable(lenient.decode(payload), 'not an object') }
  const id = member(document, 'ActivityId') ?? undefined
  const activity = isGuid(id) ? id.toLowerCase() : undefined
  const wrong =
    id !== undefined && activity === undefined
      ? 'ActivityId is not a GUID'
      : typeof (member(document, 'ContainerId') ?? '') !== 'string'
        ? 'ContainerId is not a string'
        : undefined
  return {
    ...(activity === undefined ? {} : { activity }),
    ...(wrong === undefined ? { document } : { problem: undecodable(lenient.decode(payload), wrong) }),
  }
}

function undecodable(text: string, reason: string): GuestFault {
  const quoted = text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}…` : text
  return invalidJson(reason, `failed to unmarshal JSON in message "${quoted}"`)
}

/** A document carried inside a string: the string must be there and hold JSON; `null` is an empty document. */
export function decodeNested(parent: Document, name: string): Document {
  const text = member(parent, name) ?? ''
  if (typeof text !== 'string') throw invalidJson(`${name} is not a string`)
  let value: unknown
  try {
    value = parseFolded(text)
  } catch (error) {
    throw undecodable(text, error instanceof Error ? error.message : String(error))
  }
  if (value === null) return {}
  if (!isRecord(value)) throw undecodable(text, `${name} is not an object`)
  return value
}

/** Checks a document against a type of the schema: member types, integer ranges; with `strict` also unknown members. */
export function decodeAs(type: TypeName, document: unknown, what: string, strict = false): Document {
  if (!isRecord(document)) throw invalidJson(`${what} is missing or not an object`)
  const [problem] = checkDocument(type, document, { strict })
  if (problem !== undefined) throw invalidJson(`${what} ${problem.path.slice(1)}: ${problem.problem}`)
  return document
}

export function objectOf(parent: Document, name: string): Document {
  const value = member(parent, name)
  if (!isRecord(value)) throw invalidJson(`${name} is missing or not an object`)
  return value
}

export function optionalObject(parent: Document, name: string): Document | undefined {
  const value = member(parent, name)
  if (value === undefined || value === null) return undefined
  if (!isRecord(value)) throw invalidJson(`${name} is not an object`)
  return value
}

export function textOf(parent: Document, name: string): string {
  const value = member(parent, name) ?? ''
  if (typeof value !== 'string') throw invalidJson(`${name} is not a string`)
  return value
}

export function flagOf(parent: Document, name: string): boolean {
  const value = member(parent, name) ?? false
  if (typeof value !== 'boolean') throw invalidJson(`${name} is not true or false`)
  return value
}

export function integerOf(parent: Document, name: string, max = 0xffff_ffff): number {
  const value = member(parent, name) ?? 0
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw invalidJson(`${name} is not an integer from 0 to ${max}`)
  }
  return value
}

export function listOf(parent: Document, name: string): unknown[] {
  const value = member(parent, name) ?? []
  if (!Array.isArray(value)) throw invalidJson(`${name} is not an array`)
  return value
}

/** An array of objects. */
export function objectsOf(parent: Document, name: string): Document[] {
  const list = listOf(parent, name)
  if (!list.every(isRecord)) throw invalidJson(`${name} is not an array of objects`)
  return list
}

export function textsOf(parent: Document, name: string): string[] {
  const list = listOf(parent, name)
  if (!list.every((item) => typeof item === 'string')) throw invalidJson(`${name} is not an array of strings`)
  return list
}

/** An object whose members are strings. */
export function textTableOf(parent: Document, name: string): Map<string, string> {
  const entries = Object.entries(optionalObject(parent, name) ?? {})
  if (!entries.every(([, value]) => typeof value === 'string'))
    throw invalidJson(`${name} holds something else than text`)
  return new Map(entries as [string, string][])
}
