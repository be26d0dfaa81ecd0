// A process's streams as its program sees them: reads and writes that wait, end with the connection, stop when it is killed, and stand
// still while the machine does.

import type { Duplex } from 'node:stream'
import type { Gate } from './gate.js'

/** The process was ended from outside; unwinds the program. */
export class Killed extends Error {
  constructor(readonly exitCode: number) {
    super(`killed (${exitCode})`)
  }
}

/** Says once that a process is to end; everything a program waits for listens. */
export class KillSwitch {
  #killed: Killed | undefined
  readonly #listeners = new Set<(reason: Killed) => void>()

  kill(exitCode: number): void {
    if (this.#killed !== undefined) return
    this.#killed = new Killed(exitCode)
    for (const listener of this.#listeners) listener(this.#killed)
    this.#listeners.clear()
  }

  /** @throws {Killed} */
  check(): void {
    if (this.#killed !== undefined) throw this.#killed
  }

  /** Waits for `work`, or throws Killed first. */
  async race<T>(work: Promise<T>): Promise<T> {
    // What fails after the kill concerns nobody.
    work.catch(() => undefined)
    this.check()
    let listener: (reason: Killed) => void = () => undefined
    const killed = new Promise<never>((_resolve, reject) => this.#listeners.add((listener = reject)))
    try {
      return await Promise.race([work, killed])
    } finally {
      this.#listeners.delete(listener)
    }
  }
}

/** Where output goes. */
export interface Output {
  write(data: string | Uint8Array): Promise<void>
}

/** Where input comes from: chunks, undefined at the end. */
export interface Input {
  read(): Promise<Uint8Array | undefined>
}

export const NO_INPUT: Input = { read: () => Promise.resolve(undefined) }
export const NO_OUTPUT: Output = { write: () => Promise.resolve() }

/** What the streams of one process have in common. */
export interface StreamLife {
  readonly gate: Gate
  readonly kill: KillSwitch
  /** Exit code of a process that wrote to a stream nobody reads any more. */
  readonly brokenPipe: number
}

/** Output that is a socket handed to the process. */
export function socketOutput(socket: Duplex, { gate, kill, brokenPipe }: StreamLife): Output {
  return {
    async write(data) {
      await kill.race(gate.pass())
      if (socket.destroyed || socket.writableEnded) throw new Killed(brokenPipe)
      if (!socket.write(data)) await kill.race(drained(socket))
    },
  }
}

/** Resolves when a socket takes more, or is closed. Leaves no listener behind. */
export function drained(socket: Duplex): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

export function socketInput(socket: Duplex, { gate, kill }: StreamLife): Input {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return {
    async read() {
      try {
        const next = await kill.race(chunks.next())
        await kill.race(gate.pass())
        return next.done === true ? undefined : next.value
      } catch (error) {
        if (error instanceof Killed) throw error
        // A connection that broke is the end of the input.
        return undefined
      }
    },
  }
}

/** Bytes a pipe holds before its writer waits, as on Linux. */
const PIPE_BYTES = 64 * 1024

/** A pipe: between two programs of one shell line, or from a program to the relay of its output. */
export class Pipe {
  readonly #chunks: Uint8Array[] = []
  #size = 0
  #writerGone = false
  #readerGone = false
  #wake: () => void = () => undefined

  /** The writer's end: waits while the pipe is full, and is killed when nobody will read. */
  output({ gate, kill, brokenPipe }: StreamLife): Output {
    return {
      write: async (data) => {
        await kill.race(gate.pass())
        while (this.#size >= PIPE_BYTES && !this.#readerGone) await kill.race(this.#changed())
        kill.check()
        if (this.#readerGone) throw new Killed(brokenPipe)
        const chunk = typeof data === 'string' ? Buffer.from(data) : data
        if (chunk.byteLength === 0) return
        this.#chunks.push(chunk)
        this.#size += chunk.byteLength
        this.#wake()
      },
    }
  }

  /** The reader's end within a program. */
  input(kill: KillSwitch): Input {
    return { read: () => kill.race(this.read()) }
  }

  /** The next chunk; undefined once the writer is gone and everything was read. */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0 && !this.#writerGone) await this.#changed()
    const chunk = this.#chunks.shift()
    this.#size -= chunk?.byteLength ?? 0
    this.#wake()
    return chunk
  }

  #changed(): Promise<void> {
    return new Promise<void>((resolve) => (this.#wake = resolve))
  }

  endWriter(): void {
    this.#writerGone = true
    this.#wake()
  }

  endReader(): void {
    this.#readerGone = true
    this.#chunks.length = 0
    this.#size = 0
    this.#wake()
  }
}
