// The journal of a Host. Records are gathered while a write is under way and go out together; when the file has become much longer than
// what it comes to, it is written anew. Whoever adds a record may wait until it is written; a disk that is slow or full holds nobody up
// for long and fails nobody's call: it is told as a warning.

import type { Clock } from '../../native/clock.js'
import type { JournalRecord } from './records.js'
import { JournalState, type JournalVm } from './state.js'
import { journalLine, journalTitle, readJournal } from './text.js'

/** Where a journal is kept. One call at a time. */
export interface JournalFile {
  /** The whole text; '' when there is none yet. */
  read(): Promise<string>
  append(text: string): Promise<void>
  /** Puts another text in its place: whoever reads finds the old one or the new one, whole. */
  replace(text: string): Promise<void>
  /** Gives it up, so that another program may have it. Never rejects. */
  close(): Promise<void>
}

/** Written anew when longer than this, and than so many times what it comes to, in characters. */
const COMPACT_FROM = 64 * 1024
const COMPACT_FACTOR = 4
/** Nobody waits longer for the disk, milliseconds. */
const MAX_WAIT_MS = 1_000

export interface JournalHooks {
  /** It could not be written: the next program may not find what happened since. */
  failed(error: Error): void
}

export class Journal {
  readonly #file: JournalFile
  readonly #clock: Clock
  readonly #state: JournalState
  readonly #hooks: JournalHooks
  #pending = ''
  #length = 0
  /** Of the text when it was written anew. */
  #compactLength = 0
  #isWhole = true
  #hasFailed = false
  #writing: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor(file: JournalFile, clock: Clock, state: JournalState, hooks: JournalHooks) {
    this.#file = file
    this.#clock = clock
    this.#state = state
    this.#hooks = hooks
  }

  /** @throws {NoJournal} @throws {Error} of the file */
  static async open(
    file: JournalFile,
    clock: Clock,
    hooks: JournalHooks,
  ): Promise<{ journal: Journal; damaged: number }> {
    const { records, damaged } = readJournal(await file.read())
    const state = new JournalState()
    for (const record of records) state.apply(record)
    const journal = new Journal(file, clock, state, hooks)
    await journal.#writeAnew()
    return { journal, damaged }
  }

  get vms(): Iterable<JournalVm> {
    return this.#state.vms
  }

  of(runtimeId: string): JournalVm | undefined {
    return this.#state.of(runtimeId)
  }

  /** Never rejects; resolves when it is written, or could not be, or the disk is slow. After `close` nothing is written any more. */
  add(record: JournalRecord): Promise<void> {
    if (this.#closing !== undefined) return Promise.resolve()
    this.#state.apply(record)
    this.#pending += journalLine(record)
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
    return this.#settled(this.#writing)
  }

  async #settled(writing: Promise<void>): Promise<void> {
    let timer
    const slow = new Promise<void>((resolve) => (timer = this.#clock.after(MAX_WAIT_MS, resolve)))
    await Promise.race([writing, slow])
    ;(timer as unknown as ReturnType<Clock['after']>).clear()
  }

  /** Until nothing is pending. */
  async #write(): Promise<void> {
    // What is said in this turn goes out together.
    await Promise.resolve()
    while (this.#pending !== '') {
      try {
        if (this.#isWhole && !this.#isLong) await this.#append()
        else await this.#writeAnew()
        this.#hasFailed = false
      } catch (error) {
        this.#isWhole = false
        this.#pending = ''
        if (!this.#hasFailed) this.#hooks.failed(error instanceof Error ? error : new Error(String(error)))
        this.#hasFailed = true
      }
    }
  }

  get #isLong(): boolean {
    return this.#length + this.#pending.length > Math.max(COMPACT_FROM, this.#compactLength * COMPACT_FACTOR)
  }

  async #append(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    await this.#file.append(text)
    this.#length += text.length
  }

  /** All that the state comes to, what is pending included. */
  async #writeAnew(): Promise<void> {
    let text = journalTitle()
    for (const record of this.#state.records()) text += journalLine(record)
    this.#pending = ''
    await this.#file.replace(text)
    this.#isWhole = true
    this.#length = text.length
    this.#compactLength = text.length
  }

  /** Idempotent; never rejects. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#writing
      await this.#file.close()
    })()
    return this.#closing
  }
}
