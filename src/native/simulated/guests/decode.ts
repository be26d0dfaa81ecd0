// Reading documents as a guest does: exact names, zero values for what is absent, a code of its own for what does not decode.

import { isRecord, member, parseJson } from '../../../protocol/json.js'
import { GUEST, GuestFault } from './fault.js'

export type Document = Record<string, unknown>

const invalid = (what: string): GuestFault => new GuestFault(GUEST.invalidJson, `cannot decode ${what}`)

const decoder = new TextDecoder('utf-8', { fatal: true })

export function decodeDocument(payload: Uint8Array, what: string): Document {
  try {
    const value = parseJson(decoder.decode(payload))
    if (isRecord(value)) return value
  } catch {
    throw invalid(what)
  }
  throw invalid(what)
}

/** A document carried inside a string. */
export function decodeNested(parent: Document, name: string): Document {
  const text = member(parent, name)
  if (typeof text !== 'string') throw invalid(name)
  try {
    const value = parseJson(text)
    if (value === null) return {}
    if (isRecord(value)) return value
  } catch {
    throw invalid(name)
  }
  throw invalid(name)
}

export function objectOf(parent: Document, name: string): Document {
  const value = member(parent, name)
  if (!isRecord(value)) throw invalid(name)
  return value
}

export function optionalObject(parent: Document, name: string): Document | undefined {
  const value = member(parent, name)
  if (value === undefined || value === null) return undefined
  if (!isRecord(value)) throw invalid(name)
  return value
}

export function textOf(parent: Document, name: string): string {
  const value = member(parent, name) ?? ''
  if (typeof value !== 'string') throw invalid(name)
  return value
}

export function flagOf(parent: Document, name: string): boolean {
  const value = member(parent, name) ?? false
  if (typeof value !== 'boolean') throw invalid(name)
  return value
}

export function integerOf(parent: Document, name: string, max = 0xffff_ffff): number {
  const value = member(parent, name) ?? 0
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw invalid(name)
  return value
}

export function listOf(parent: Document, name: string): unknown[] {
  const value = member(parent, name) ?? []
  if (!Array.isArray(value)) throw invalid(name)
  return value
}

export function textsOf(parent: Document, name: string): string[] {
  const list = listOf(parent, name)
  if (!list.every((item) => typeof item === 'string')) throw invalid(name)
  return list
}
