// A process whose output and end are written beforehand or told by hand.

import { PassThrough, Writable } from 'node:stream'
import { InvalidStateError } from '../errors.js'
import { BOOLEAN, COUNT, INTEGER, row, TEXT } from '../options/rows.js'
import { checkOptions, optionTable } from '../options/table.js'
import type { GuestProcessLike } from '../actors/gcs/guest-like.js'
import type { ProcessExit, SavedProcess } from '../actors/gcs/managers.js'
import { silent, speaking } from './answers.js'
import { FAKE_ROWS, refuse, scripted, type Defaults, type FakeOptions } from './scripted.js'

/** What a stream gives, whole or in pieces; null: the process has no such stream. */
export type FakeOutput = string | Uint8Array | readonly (string | Uint8Array)[] | null

export interface FakeProcessOptions extends Omit<FakeOptions, 'id'> {
  /** Default 1000. */
  pid?: number
  /** Of the VM, or `vm:container`; default 'fake'. */
  of?: string
  /** Default true. */
  stdin?: boolean
  /** Default '': it writes nothing of its own accord. */
  stdout?: FakeOutput
  stderr?: FakeOutput
  /** It has ended so, behind its output. Without one it runs until `exits`, or until it is killed. */
  exitCode?: number
}

const isChunk = (value: unknown): boolean => typeof value === 'string' || value instanceof Uint8Array
const OUTPUT = row('a string, bytes, an array of them, or null', (value) => {
  return value === null || isChunk(value) || (Array.isArray(value) && value.every(isChunk))
})

export const PROCESS_OPTIONS = optionTable<FakeProcessOptions>('options', {
  log: FAKE_ROWS.log,
  unscripted: FAKE_ROWS.unscripted,
  pid: COUNT,
  of: TEXT,
  stdin: BOOLEAN,
  stdout: OUTPUT,
  stderr: OUTPUT,
  exitCode: INTEGER,
})

/** What a shell says of a process that SIGKILL has ended. */
const KILLED = 137

const RULES = {
  ...silent({ resizeConsole: 2, closeStdin: 0, close: 0 }),
  ...speaking({ wait: 0, exitCode: 0, signal: 1, kill: 0 }),
}

const ProcessBase = scripted<Record<never, never>, GuestProcessLike>('process', {}, RULES)

export class FakeProcess extends ProcessBase implements GuestProcessLike {
  readonly pid: number
  /** Keeps what is written to it: `written`. */
  readonly stdin: Writable | null
  /** Write to it, or end it, by hand: what it gives came from the process. */
  readonly stdout: PassThrough | null
  readonly stderr: PassThrough | null
  readonly #written: Buffer[] = []
  #exit: ProcessExit | undefined
  #told: (exit: ProcessExit) => void = () => undefined
  readonly #exited = new Promise<ProcessExit>((resolve) => (this.#told = resolve))

  /** @throws {InvalidConfigError} a bad option */
  constructor(options: FakeProcessOptions = {}) {
    checkOptions({ op: 'process script' }, options, PROCESS_OPTIONS)
    const { pid = 1000, of = 'fake', stdin = true, stdout = '', stderr = '', exitCode } = options
    super(`${of}:${pid}`, options)
    this.pid = pid
    const keep = (chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void => {
      this.#written.push(chunk)
      callback()
    }
    this.stdin = stdin ? new Writable({ write: keep }) : null
    this.stdout = outputOf(stdout)
    this.stderr = outputOf(stderr)
    if (exitCode !== undefined) this.exits(exitCode)
  }

  /** What was written to its stdin so far. */
  get written(): Buffer {
    return Buffer.concat(this.#written)
  }

  /** It ends, and with it its output. `known` false: the guest had forgotten how. The first end counts. */
  exits(exitCode: number, known = true): this {
    if (!Number.isInteger(exitCode)) refuse('process script', 'exitCode', exitCode, 'expected an integer')
    if (this.#exit !== undefined) return this
    this.#exit = { exitCode, known }
    for (const stream of [this.stdout, this.stderr]) if (stream?.destroyed === false) stream.end()
    this.#told(this.#exit)
    return this
  }

  save(): SavedProcess {
    return { pid: this.pid, waitId: BigInt(this.pid), ports: {} }
  }

  protected override defaults(): Defaults<GuestProcessLike> {
    return {
      wait: () => this.#exited,
      exitCode: () => {
        if (this.#exit !== undefined) return this.#exit.exitCode
        const reason = 'the process has not exited'
        throw new InvalidStateError({ op: 'process.exitCode', id: String(this.pid), state: 'running', reason })
      },
      kill: () => {
        const isFirst = this.#exit === undefined
        this.exits(KILLED)
        return isFirst
      },
      closeStdin: () => {
        const { stdin } = this
        if (stdin === null || stdin.destroyed) return undefined
        return new Promise<void>((resolve) => stdin.end(resolve))
      },
      close: () => {
        for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.destroy()
      },
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function outputOf(output: FakeOutput): PassThrough | null {
  if (output === null) return null
  const stream = new PassThrough()
  const chunks = typeof output === 'string' || output instanceof Uint8Array ? [output] : output
  // An empty one would be a chunk all the same.
  for (const chunk of chunks) if (chunk.length > 0) stream.write(chunk)
  return stream
}
