// The body of a message without its secrets: one pass over its JSON text, with nothing made of it but what has to be replaced. What may be
// kept is said in scrub.ts.
//
// The text is JSON that was parsed already, or that this library wrote. A document within it, carried as text, may be anything: there whatever
// is no JSON is found, and becomes a note like any other text.

import { HOLDS_DOCUMENT, IS_OPEN, keptName, KEEPS_TEXT, kindOfMember, KNOWN_NAMES } from './scrub.js'

/** Longest nested document that is looked into, characters: beyond it the note of its size is as good. */
const MAX_NESTED = 64 * 1024
/** Most elements of an array and members of an object that are kept. */
const MAX_ELEMENTS = 32
/** Deepest object that is gone into. */
const MAX_DEPTH = 9
/** Longest name of a member that is kept, characters. */
const MAX_NAME = 40

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** A number, true, false or null. */
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y

/** The kind of a member whose name is not kept, because a guest may send any. */
const NAMELESS = -1

/** Names by a hash that does not see letter case. */
const BY_HASH = new Map<number, { kind: number; spellings: string[] }>()
for (const name of KNOWN_NAMES) {
  let hash = 0
  for (let at = 0; at < name.length; at++) hash = nextHash(hash, name.charCodeAt(at))
  const known = BY_HASH.get(hash)
  if (known === undefined) BY_HASH.set(hash, { kind: kindOfMember(name), spellings: [name] })
  else known.spellings.push(name)
}

function nextHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + (code | 32)) & 0x3fff_ffff
}

/** A document within a message is no JSON. */
class NotJson extends Error {}

/** Longest message that is looked at for being clean, characters: no longer one is, and none of this length is nested too deep. */
const MAX_CLEAN = 1024

/**
 * Messages that are kept whole, as most are: every text is a short name without anything to be looked at, every object is one that is gone
 * into, and the rest are numbers, true, false and null. Three times as fast as the walk.
 */
const CLEAN = (() => {
  const named = (kind: number): string => KNOWN_NAMES.filter((name) => (kindOfMember(name) & kind) !== 0).join('|')
  // Printable ASCII but for the quote, the backslash, and # ? @.
  const text = '"[ !$->A-\\[\\]-~]{0,256}"'
  const members = [
    `(?:${named(KEEPS_TEXT)})":${text}`,
    `(?:${named(IS_OPEN)})":\\{`,
    '[A-Za-z]\\w{0,39}":(?:-?\\d{1,15}|true|false|null)',
  ]
  return new RegExp(`^\\{(?:"(?:${members.join('|')})(?:\\}|,(?="))*)*$`)
})()

/** The text of a message without its secrets; the same text when there are none. */
export function scrubJson(text: string): string {
  if (text.length <= MAX_CLEAN && CLEAN.test(text)) return text
  return new Scrubber(text, 0).document()
}

class Scrubber {
  #at = 0
  /** What is kept of the text up to `#copied`. */
  #kept = ''
  #copied = 0

  constructor(
    readonly text: string,
    /** Of the document within the message. */
    readonly depth: number,
  ) {}

  /** @throws {NotJson} */
  document(): string {
    this.#blank()
    if (this.#code() !== OPEN_BRACE) throw new NotJson()
    this.#object(this.depth)
    this.#blank()
    if (this.#at < this.text.length) throw new NotJson()
    return this.#copied === 0 ? this.text : this.#kept + this.text.slice(this.#copied)
  }

  #code(): number {
    return this.text.charCodeAt(this.#at)
  }

  #blank(): void {
    for (let code = this.#code(); code === 32 || (code >= 9 && code <= 13); code = this.#code()) this.#at++
  }

  #expect(code: number): void {
    if (this.#code() !== code) throw new NotJson()
    this.#at++
    this.#blank()
  }

  /** What lies from `start` up to here is not kept. */
  #replace(start: number, by: string): void {
    this.#kept += this.text.slice(this.#copied, start) + by
    this.#copied = this.#at
  }

  // ------------------------------------------------------------------------------------------------------------- structure

  #object(depth: number): void {
    let comma = this.#at
    let isDropping = false
    this.#expect(OPEN_BRACE)
    if (this.#code() === CLOSE_BRACE) {
      this.#at++
      return
    }
    for (let count = 0; ; count++) {
      const start = this.#at
      const kind = this.#name()
      if (kind === NAMELESS || count >= MAX_ELEMENTS) {
        this.#skip()
        if (isDropping) this.#replace(comma, '')
        else this.#replace(start, '"…":"more members"')
        isDropping = true
      } else this.#value(kind, depth)
      this.#blank()
      if (this.#code() === CLOSE_BRACE) break
      comma = this.#at
      this.#expect(COMMA)
    }
    this.#at++
  }

  #value(kind: number, depth: number): void {
    switch (this.#code()) {
      case QUOTE:
        this.#string(kind, depth)
        return
      case OPEN_BRACE: {
        if ((kind & IS_OPEN) !== 0 && depth < MAX_DEPTH) this.#object(depth + 1)
        else this.#note('members')
        return
      }
      case OPEN_BRACKET:
        if ((kind & (IS_OPEN | KEEPS_TEXT)) !== 0) this.#array(kind, depth)
        else this.#note('elements')
        return
      default:
        this.#scalar()
    }
  }

  #array(kind: number, depth: number): void {
    this.#expect(OPEN_BRACKET)
    if (this.#code() === CLOSE_BRACKET) {
      this.#at++
      return
    }
    for (let count = 1; ; count++) {
      if (this.#code() === OPEN_BRACKET) this.#note('elements')
      else this.#value(kind, depth)
      this.#blank()
      if (this.#code() === CLOSE_BRACKET) break
      const comma = this.#at
      this.#expect(COMMA)
      if (count < MAX_ELEMENTS) continue
      this.#more(comma)
      break
    }
    this.#at++
  }

  /** The rest of an array, up to its bracket. */
  #more(comma: number): void {
    let count = 0
    for (;;) {
      this.#skip()
      count++
      this.#blank()
      if (this.#code() === CLOSE_BRACKET) break
      this.#expect(COMMA)
    }
    this.#replace(comma, `,"[${count} more]"`)
  }

  #note(of: 'members' | 'elements'): void {
    const start = this.#at
    const count = this.#skip()
    this.#replace(start, `"[${count} ${of}]"`)
  }

  // --------------------------------------------------------------------------------------------------------- names, values

  /** Takes a name and its colon. The kind of the member. */
  #name(): number {
    if (this.#code() !== QUOTE) throw new NotJson()
    const { text } = this
    const start = this.#at + 1
    let end = start
    let hash = 0
    let isPlain = true
    for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(++end)) {
      if (code === BACKSLASH || code > 127 || Number.isNaN(code)) return this.#strangeName()
      isPlain &&= isWord(code)
      hash = nextHash(hash, code)
    }
    this.#at = end + 1
    this.#blank()
    this.#expect(COLON)
    const known = BY_HASH.get(hash)
    if (known !== undefined) {
      for (const name of known.spellings) {
        if (name.length === end - start && text.startsWith(name, start)) return known.kind
      }
      const kind = kindOfMember(text.slice(start, end))
      if (kind !== 0) return kind
    }
    const { length } = text.slice(start, end)
    return isPlain && length > 0 && length <= MAX_NAME && !text.startsWith('__proto__"', start) ? 0 : NAMELESS
  }

  /** A name with letters beyond ASCII, which may fold to one that is known, or with escapes. */
  #strangeName(): number {
    const name = this.#text()
    this.#blank()
    this.#expect(COLON)
    const kind = kindOfMember(name)
    return kind === 0 ? NAMELESS : kind
  }

  #string(kind: number, depth: number): void {
    const start = this.#at
    if ((kind & KEEPS_TEXT) !== 0) {
      if (this.#isPlainText()) return
      const value = this.#text()
      const kept = keptName(value)
      if (kept !== value) this.#replace(start, JSON.stringify(kept ?? characters(value)))
      return
    }
    const value = this.#text()
    const nested = (kind & HOLDS_DOCUMENT) === 0 ? undefined : nestedDocument(value, depth)
    this.#replace(start, nested ?? `"${characters(value)}"`)
  }

  /** Takes a short text in which there is nothing to be looked at; otherwise takes nothing. */
  #isPlainText(): boolean {
    const { text } = this
    const start = this.#at + 1
    for (let at = start; at < start + MAX_NAME * 4; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        this.#at = at + 1
        return true
      }
      // The end, controls, # ? @ and backslash.
      if (!(code >= 32) || code === 35 || code === 63 || code === 64 || code === BACKSLASH) return false
    }
    return false
  }

  /** Takes a string. What it says. */
  #text(): string {
    const start = this.#at
    this.#skipString()
    try {
      return JSON.parse(this.text.slice(start, this.#at)) as string
    } catch {
      throw new NotJson()
    }
  }

  #scalar(): void {
    SCALAR.lastIndex = this.#at
    if (!SCALAR.test(this.text)) throw new NotJson()
    this.#at = SCALAR.lastIndex
  }

  // -------------------------------------------------------------------------------------------------------------- skipping

  #skipString(): void {
    const { text } = this
    let close = text.indexOf('"', this.#at + 1)
    for (; close !== -1; close = text.indexOf('"', close + 1)) {
      let slashes = 0
      while (text.charCodeAt(close - 1 - slashes) === BACKSLASH) slashes++
      if (slashes % 2 === 0) break
    }
    if (close === -1) throw new NotJson()
    this.#at = close + 1
  }

  /** Takes any value. How many elements or members it has. */
  #skip(): number {
    const first = this.#code()
    if (first === QUOTE) {
      this.#skipString()
      return 0
    }
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
      this.#scalar()
      return 0
    }
    let depth = 0
    let commas = 0
    let isEmpty = true
    for (;;) {
      const code = this.#code()
      if (code === QUOTE) this.#skipString()
      else this.#at++
      if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (depth++ > 0) isEmpty = false
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
        if (--depth === 0) return isEmpty ? 0 : commas + 1
      } else if (code === COMMA && depth === 1) commas++
      else if (Number.isNaN(code)) throw new NotJson()
      else if (code > 32) isEmpty = false
    }
  }
}

/** A document carried as text, without its secrets; undefined when it is none that is looked into. */
function nestedDocument(text: string, depth: number): string | undefined {
  if (text.length > MAX_NESTED) return undefined
  try {
    return new Scrubber(text, depth + 1).document()
  } catch (error) {
    if (error instanceof NotJson) return undefined
    throw error
  }
}

function isWord(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
}

/** What stands for a text that is not kept. */
function characters(value: string): string {
  return `[${value.length} characters]`
}
