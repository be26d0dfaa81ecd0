// JSON as it crosses the seams: 64-bit integers keep their value, nesting is bounded, and object keys are never anything but data.
//
// A payload is scanned once, iteratively, before any parser sees it: parsers recurse, and 64 KiB of brackets overflow their stack. The
// same scan finds whether a number with 16 or more digits occurs outside strings; only then is the slow, exact parser needed.

import { isInteger, parse as parseLossless } from 'lossless-json'

/** Deepest nesting of arrays and objects taken in or given out. Ours: real documents stay below 20. */
export const MAX_JSON_DEPTH = 128

/** Fewest digits of a number that a double may not hold exactly. */
const EXACT_DIGITS = 16

export class JsonError extends Error {
  override readonly name = 'JsonError'
}

/**
 * Parses a document. Integers that a double cannot hold come out as bigint, every other number as number. A `__proto__` member is an
 * ordinary own member; of members with one name the last counts.
 *
 * @throws {JsonError} not JSON, or nested deeper than 128
 */
export function parseJson(text: string): unknown {
  const { depth, hasLongNumber } = scan(text)
  if (depth > MAX_JSON_DEPTH) throw new JsonError(`nested more than ${MAX_JSON_DEPTH} deep`)
  try {
    if (!hasLongNumber) return JSON.parse(text) as unknown
    // Of members with one name the last counts, as in JSON.parse.
    return parseLossless(text, undefined, { parseNumber: exactNumber, onDuplicateKey: ({ newValue }) => newValue })
  } catch (error) {
    throw new JsonError(`not valid JSON: ${error instanceof Error ? error.message.slice(0, 200) : String(error)}`)
  }
}

function exactNumber(text: string): number | bigint {
  const value = Number(text)
  return isInteger(text) && !Number.isSafeInteger(value) ? BigInt(text) : value
}

function scan(text: string): { depth: number; hasLongNumber: boolean } {
  let depth = 0
  let deepest = 0
  let digits = 0
  let hasLongNumber = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code >= 48 && code <= 57) {
      digits++
      if (digits >= EXACT_DIGITS) hasLongNumber = true
      continue
    }
    digits = 0
    if (code === 34) index = endOfString(text, index)
    else if (code === 91 || code === 123) {
      depth++
      if (depth > deepest) deepest = depth
    } else if (code === 93 || code === 125) depth--
  }
  return { depth: deepest, hasLongNumber }
}

/** Index of the closing quote; the end of the text when there is none. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1)
  while (close !== -1) {
    let slashes = 0
    while (text.charCodeAt(close - 1 - slashes) === 92) slashes++
    if (slashes % 2 === 0) return close
    close = text.indexOf('"', close + 1)
  }
  return text.length
}

/** Own members only, so that `__proto__` and `constructor` are what the document says. Undefined when it is no object. */
export function member(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** A JSON object: neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Built-in objects whose content is in no member: taken for a record they would look empty. */
const CONTAINERS: ReadonlySet<string> = new Set(
  `Map Set WeakMap WeakSet WeakRef Promise RegExp Error ArrayBuffer SharedArrayBuffer DataView Number String Boolean BigInt Symbol`.split(
    ' ',
  ),
)

/** What an object is whose members are not what it holds, such as 'a Map'; undefined for a record and for objects of one's own classes. */
export function kindOf(value: object): string | undefined {
  if (Array.isArray(value)) return 'an array'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return undefined
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (!CONTAINERS.has(kind) && !ArrayBuffer.isView(value)) return undefined
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`
}

/** Sets a member as data whatever its name. */
export function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
  } else target[name] = value
}
