// A process's streams as its program sees them: reads and writes that wait, end with the connection, and stop when it is killed.

import { once } from 'node:events'
import type { Duplex } from 'node:stream'

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

/** Exit code of a process that wrote to a stream nobody reads any more; killed by a signal, which a UVM process reports as unknown. */
const BROKEN_PIPE = 0xffff_ffff

export function streamOutput(stream: Duplex, kill: KillSwitch): Output {
  return {
    async write(data) {
      kill.check()
      if (stream.destroyed || stream.writableEnded) throw new Killed(BROKEN_PIPE)
      if (stream.write(data)) return
      await kill.race(Promise.race([once(stream, 'drain'), once(stream, 'close')]))
    },
  }
}

export function streamInput(stream: Duplex, kill: KillSwitch): Input {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return {
    async read() {
      try {
        const next = await kill.race(chunks.next())
        return next.done === true ? undefined : next.value
      } catch (error) {
        if (error instanceof Killed) throw error
        // A connection that broke is the end of the input.
        return undefined
      }
    },
  }
}

/** Bytes a pipe between two programs holds before its writer waits, as on Linux. */
const PIPE_BYTES = 64 * 1024

/** A pipe between two programs of one shell line. */
export class Pipe implements Output, Input {
  readonly #kill: KillSwitch
  readonly #chunks: Uint8Array[] = []
  #size = 0
  #writerGone = false
  #readerGone = false
  #wake: () => void = () => undefined

  constructor(kill: KillSwitch) {
    this.#kill = kill
  }

  #changed(): Promise<void> {
    return this.#kill.race(new Promise<void>((resolve) => (this.#wake = resolve)))
  }

  async write(data: string | Uint8Array): Promise<void> {
    while (this.#size >= PIPE_BYTES && !this.#readerGone) await this.#changed()
    this.#kill.check()
    if (this.#readerGone) throw new Killed(BROKEN_PIPE)
    const chunk = typeof data === 'string' ? Buffer.from(data) : data
    this.#chunks.push(chunk)
    this.#size += chunk.byteLength
    this.#wake()
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0 && !this.#writerGone) await this.#changed()
    const chunk = this.#chunks.shift()
    this.#size -= chunk?.byteLength ?? 0
    this.#wake()
    return chunk
  }

  endWriter(): void {
    this.#writerGone = true
    this.#wake()
  }

  endReader(): void {
    this.#readerGone = true
    this.#wake()
  }
}
