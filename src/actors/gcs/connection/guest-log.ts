// The guest's log stream: JSON objects one after the other, as the Linux guest service writes them and the Windows log forwarder does.
//
// White space between them is allowed and not needed. From the first thing that is no entry, everything to the end of the stream is one
// last record: after a crash the stream ends in plain text.

import { isRecord, JsonError, member, parseJson } from '../../../protocol/json.js'

export interface GuestLogEntry {
  level: string
  timeMs?: number
  message: string
  fields: Record<string, unknown>
}

/** Longest entry, and most of the last record that is kept, characters. */
const MAX_TEXT = 64 * 1024

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d

export class LogStream {
  readonly #decoder = new TextDecoder()
  /** What is not an entry yet, or what is left after the last one. */
  #text = ''
  /** How far `#text` has been scanned, and where in an object that is. */
  #scanned = 0
  #depth = 0
  #inString = false
  #isOver = false

  /** Takes the next bytes. @returns the entries that they complete */
  push(chunk: Uint8Array): GuestLogEntry[] {
    this.#append(this.#decoder.decode(chunk, { stream: true }))
    const entries: GuestLogEntry[] = []
    while (!this.#isOver) {
      const object = this.#nextObject()
      if (object === undefined) break
      try {
        entries.push(readEntry(parseJson(object)))
      } catch (error) {
        this.#isOver = true
        if (error instanceof JsonError) this.#text = object + this.#text
        else
          entries.push({
            level: 'error',
            message: `the guest's log cannot be read: ${(error as Error).message}`,
            fields: {},
          })
      }
    }
    return entries
  }

  #append(text: string): void {
    if (!this.#isOver) this.#text += text
    else if (this.#text.length < MAX_TEXT) this.#text = (this.#text + text).slice(0, MAX_TEXT)
  }

  /** Takes one whole object from the front of the text; undefined when there is none. */
  #nextObject(): string | undefined {
    if (this.#scanned === 0) {
      this.#text = this.#text.trimStart()
      if (this.#text === '') return undefined
      if (this.#text.charCodeAt(0) !== OPEN) {
        this.#isOver = true
        return undefined
      }
    }
    for (; this.#scanned < this.#text.length; this.#scanned++) {
      const code = this.#text.charCodeAt(this.#scanned)
      if (this.#inString) {
        if (code === BACKSLASH) this.#scanned++
        else if (code === QUOTE) this.#inString = false
      } else if (code === QUOTE) this.#inString = true
      else if (code === OPEN) this.#depth++
      else if (code === CLOSE && --this.#depth === 0) {
        const object = this.#text.slice(0, this.#scanned + 1)
        this.#text = this.#text.slice(this.#scanned + 1)
        this.#scanned = 0
        return object
      }
    }
    if (this.#text.length > MAX_TEXT) this.#isOver = true
    return undefined
  }

  /** The end of the stream. @returns the last record, when something is left */
  end(): GuestLogEntry | undefined {
    const text = this.#text.trim().slice(0, MAX_TEXT)
    return text === '' ? undefined : { level: 'error', message: `gcs terminated: ${text}`, fields: {} }
  }
}

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error']
/** More severe than a host's own errors can be. */
const CLAMPED = ['fatal', 'panic']

/** @throws {Error} a level or a time that is none */
function readEntry(record: unknown): GuestLogEntry {
  if (!isRecord(record)) throw new Error('an entry is no object')
  const own = member(record, 'Source') === 'ETW' ? ['message', 'Message'] : ['msg']
  const textMember = own.find((name) => typeof member(record, name) === 'string')
  const level = member(record, 'level') ?? 'info'
  const known = typeof level === 'string' && (LEVELS.includes(level) || CLAMPED.includes(level))
  if (!known) throw new Error(`the level ${JSON.stringify(level)} is unknown`)
  const time = member(record, 'time')
  const timeMs = time === undefined ? undefined : typeof time === 'string' ? Date.parse(time) : NaN
  if (Number.isNaN(timeMs)) throw new Error(`the time ${JSON.stringify(time)} cannot be read`)
  const standard = ['time', 'level', textMember ?? 'msg']
  return {
    level: CLAMPED.includes(level) ? 'error' : level,
    ...(timeMs === undefined ? {} : { timeMs }),
    message: textMember === undefined ? '' : (member(record, textMember) as string),
    fields: Object.fromEntries(Object.entries(record).filter(([name]) => !standard.includes(name))),
  }
}
