// Names of members on the bridge, matched as the reference matches them: letter case does not count, nor do the two letters outside ASCII
// that fold into it, and of several spellings the last occurrence wins. For members that the library itself reads; documents that are
// handed on stay as spelt.

import { isRecord, parseJson, setMember } from '../json.js'

const FOLDED = /[\u017f\u212a]/g
/** Longer than any name of the schema: not worth a look. */
const MAX_NAME = 64

/** What two spellings of one name have in common. */
export function foldName(name: string): string {
  // The two letters fold to ASCII; their own lower case is not what is meant.
  return name.replace(FOLDED, (letter) => (letter === '\u017f' ? 's' : 'k')).toLowerCase()
}

/** Members that bear the name, as spelt, in the order of the document. */
function spellings(value: Record<string, unknown>, name: string): string[] {
  const folded = foldName(name)
  return Object.keys(value).filter((key) => key === name || (key.length === name.length && foldName(key) === folded))
}

/**
 * The member of a name, however it is spelt; undefined when there is none. A `null` takes nothing back that another spelling gave, since
 * the reference reads it as no value.
 */
export function foldedMember(value: unknown, name: string): unknown {
  if (!isRecord(value)) return undefined
  let found: unknown
  for (const key of spellings(value, name)) if (value[key] !== null || found === undefined) found = value[key]
  return found
}

/**
 * Parses a document of the bridge, so that the members of each object come in the order of their last occurrence. Otherwise as parseJson.
 *
 * @throws {JsonError} not JSON, or nested too deep
 */
export function parseFolded(text: string): unknown {
  const value = parseJson(text)
  return hasSpellings(value) ? new OrderedReader(text).read() : value
}

/** Whether an object has one name in two spellings. Documents carried as text are looked at when they are parsed themselves. */
function hasSpellings(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasSpellings)
  if (!isRecord(value)) return false
  const keys = Object.keys(value)
  const folded = new Set(keys.map((key) => (key.length > MAX_NAME ? key : foldName(key))))
  return folded.size < keys.length || Object.values(value).some(hasSpellings)
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/y
const BLANK = /\s*/y

/** Reads text that is known to be JSON of bounded depth. */
class OrderedReader {
  #at = 0

  constructor(private readonly text: string) {}

  #next(): string {
    BLANK.lastIndex = this.#at
    BLANK.test(this.text)
    TOKEN.lastIndex = BLANK.lastIndex
    const [token = ''] = TOKEN.exec(this.text) ?? []
    this.#at = TOKEN.lastIndex
    return token
  }

  read(token = this.#next()): unknown {
    if (token === '{') return this.#object()
    if (token === '[') return this.#array()
    return parseJson(token)
  }

  #object(): Record<string, unknown> {
    const members = new Map<string, unknown>()
    for (let token = this.#next(); token !== '}'; token = this.#next()) {
      if (token === ',') continue
      const name = JSON.parse(token) as string
      this.#next()
      const value = this.read()
      // Put anew, it stands last.
      members.delete(name)
      members.set(name, value)
    }
    const object: Record<string, unknown> = {}
    for (const [name, value] of members) setMember(object, name, value)
    return object
  }

  #array(): unknown[] {
    const items: unknown[] = []
    for (let token = this.#next(); token !== ']'; token = this.#next()) if (token !== ',') items.push(this.read(token))
    return items
  }
}
