// The latest log entries of one guest, for who asks afterwards, and a stream of them for who follows.

import { EventStream } from '../actors/event-stream.js'
import type { LogRecord } from '../actors/gcs/managers.js'

/** Entries kept of a guest. A guest decides how long they are: messages are cut. */
const KEPT = 1000
const MAX_MESSAGE = 4096

export class LogBook {
  readonly #kept: LogRecord[] = []
  readonly #followers = new Set<EventStream<LogRecord>>()
  #isOver = false

  add(record: LogRecord): void {
    const { message } = record
    // Whatever else it holds may be as long as a guest likes: only what a line shows is kept.
    const entry = { ...record, message: message.slice(0, MAX_MESSAGE), fields: shortFields(record.fields) }
    this.#kept.push(entry)
    if (this.#kept.length > KEPT) this.#kept.shift()
    for (const follower of this.#followers) follower.push(entry)
  }

  /** The last `count` entries, oldest first. */
  last(count = KEPT): LogRecord[] {
    return count === 0 ? [] : this.#kept.slice(-count)
  }

  /** What comes from now on; ends with the VM. */
  follow(): EventStream<LogRecord> {
    const stream: EventStream<LogRecord> = new EventStream(() => this.#followers.delete(stream), KEPT)
    this.#followers.add(stream)
    if (this.#isOver) stream.end()
    return stream
  }

  end(): void {
    this.#isOver = true
    for (const follower of [...this.#followers]) follower.end()
  }
}

const MAX_FIELDS = 32

function shortFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .slice(0, MAX_FIELDS)
      .map(([name, value]) => [
        name.slice(0, MAX_MESSAGE),
        typeof value === 'string' ? value.slice(0, MAX_MESSAGE) : shallow(value),
      ]),
  )
}

function shallow(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value, bigintAsText).slice(0, MAX_MESSAGE) : value
}

/** For JSON.stringify, which has no bigints. */
export function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
