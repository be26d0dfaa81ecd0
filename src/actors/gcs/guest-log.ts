// The guest's log stream: one JSON object a line, as the Linux guest service writes it and the Windows log forwarder does.
//
// What cannot be read is a record of its own, at error level: after a crash the stream may end in plain text.

import { isRecord, member, parseJson } from '../../protocol/json.js'

export interface GuestLogEntry {
  level: string
  timeMs?: number
  message: string
  fields: Record<string, unknown>
}

/** Longest line kept, bytes; what is beyond is cut off. */
const MAX_LINE_BYTES = 64 * 1024
const LINE_FEED = 0x0a

/** Splits a byte stream into lines of bounded length. */
export class LogLines {
  #rest = Buffer.alloc(0)
  #skipping = false;

  *push(chunk: Uint8Array): Generator<string> {
    let data = Buffer.concat([this.#rest, chunk])
    for (let end = data.indexOf(LINE_FEED); end !== -1; end = data.indexOf(LINE_FEED)) {
      if (!this.#skipping) yield data.subarray(0, end).toString('utf8')
      this.#skipping = false
      data = data.subarray(end + 1)
    }
    if (data.byteLength > MAX_LINE_BYTES) {
      if (!this.#skipping) yield data.subarray(0, MAX_LINE_BYTES).toString('utf8')
      this.#skipping = true
    }
    this.#rest = this.#skipping ? Buffer.alloc(0) : Buffer.from(data)
  }

  /** What stands after the last line feed. */
  end(): string {
    return this.#skipping ? '' : this.#rest.toString('utf8')
  }
}

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error']
/** More severe than a host's own errors can be. */
const CLAMPED = ['fatal', 'panic']

/** One line as an entry; undefined for an empty one. */
export function readLogLine(line: string): GuestLogEntry | undefined {
  const text = line.trim()
  if (text === '') return undefined
  let record: unknown
  try {
    record = parseJson(text)
  } catch {
    return { level: 'error', message: text, fields: {} }
  }
  if (!isRecord(record)) return { level: 'error', message: text, fields: {} }
  const own = member(record, 'Source') === 'ETW' ? ['message', 'Message'] : ['msg']
  const found = own.find((name) => typeof member(record, name) === 'string')
  const time = member(record, 'time')
  const timeMs = typeof time === 'string' ? Date.parse(time) : Number.NaN
  const used = new Set(['time', 'level', 'msg', ...(found === undefined ? [] : [found])])
  const fields = Object.fromEntries(Object.entries(record).filter(([name]) => !used.has(name)))
  return {
    level: levelOf(member(record, 'level')),
    ...(Number.isNaN(timeMs) ? {} : { timeMs }),
    message: found === undefined ? '' : String(member(record, found)),
    fields,
  }
}

function levelOf(level: unknown): string {
  if (level === undefined) return 'info'
  if (typeof level !== 'string' || CLAMPED.includes(level)) return 'error'
  return LEVELS.includes(level) ? level : 'error'
}
