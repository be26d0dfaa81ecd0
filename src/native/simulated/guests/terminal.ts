// A process's terminal, in the default mode of a Linux pty: what is typed is echoed and reaches the program line by line, line feeds go
// out as CR LF, Ctrl-C interrupts, Ctrl-D ends the input.

import type { Input, Output } from './stdio.js'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const INTERRUPT = 3
const END_OF_FILE = 4
const BACKSPACE = 8
const ERASE = 127
/** A line that grows beyond this is cut, as in the kernel. */
const MAX_LINE_BYTES = 4095

export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

/** Lines typed ahead, beyond which the keyboard waits. */
const MAX_LINES_AHEAD = 64

export class Terminal {
  size: TerminalSize
  readonly output: Output
  readonly input: Input
  readonly #source: Input
  readonly #onInterrupt: () => void
  #line: number[] = []
  /** Complete lines; an empty one is an end of file that was typed. */
  readonly #lines: Uint8Array[] = []
  #ended = false
  #wake: () => void = () => undefined

  constructor(streams: { input: Input; output: Output; size: TerminalSize; onInterrupt: () => void }) {
    this.size = streams.size
    this.#source = streams.input
    this.#onInterrupt = streams.onInterrupt
    this.output = { write: (data) => streams.output.write(withCarriageReturns(data)) }
    this.input = { read: () => this.#read() }
    // What is typed is seen, and interrupts, whether or not the program reads.
    void this.#listen().catch(() => undefined)
  }

  async #listen(): Promise<void> {
    try {
      for (;;) {
        const chunk = await this.#source.read()
        if (chunk === undefined) return
        await this.#type(chunk)
        this.#wake()
        while (this.#lines.length > MAX_LINES_AHEAD) await this.#changed()
      }
    } finally {
      this.#ended = true
      this.#wake()
    }
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  async #read(): Promise<Uint8Array | undefined> {
    while (this.#lines.length === 0 && !this.#ended) await this.#changed()
    const line = this.#lines.shift() ?? Uint8Array.from(this.#line.splice(0))
    this.#wake()
    return line.byteLength > 0 ? line : undefined
  }

  async #type(chunk: Uint8Array): Promise<void> {
    const echo: number[] = []
    for (const byte of chunk) {
      if (byte === INTERRUPT) {
        echo.push(94, 67)
        this.#line = []
        // Seen before it works: afterwards there may be nobody who writes.
        await this.output.write(Uint8Array.from(echo.splice(0)))
        this.#onInterrupt()
      } else if (byte === END_OF_FILE) {
        this.#lines.push(Uint8Array.from(this.#line.splice(0)))
      } else if (byte === BACKSPACE || byte === ERASE) {
        if (this.#line.pop() !== undefined) echo.push(8, 32, 8)
      } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        echo.push(LINE_FEED)
        this.#lines.push(Uint8Array.from([...this.#line.splice(0), LINE_FEED]))
      } else if (this.#line.length < MAX_LINE_BYTES) {
        echo.push(byte)
        this.#line.push(byte)
      }
    }
    if (echo.length > 0) await this.output.write(Uint8Array.from(echo))
  }
}

function withCarriageReturns(data: string | Uint8Array): Uint8Array {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const out: number[] = []
  bytes.forEach((byte, index) => {
    // What ends its lines itself, as Windows programs do, stays as it is.
    if (byte === LINE_FEED && bytes[index - 1] !== CARRIAGE_RETURN) out.push(CARRIAGE_RETURN)
    out.push(byte)
  })
  return Uint8Array.from(out)
}
