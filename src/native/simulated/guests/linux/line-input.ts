// Input that can be read by the line: what a line leaves over is there for whoever reads next.

import type { Input } from '../stdio.js'

const LINE_FEED = 10

export class LineInput implements Input {
  readonly #source: Input
  #rest: Uint8Array | undefined

  private constructor(source: Input) {
    this.#source = source
  }

  static of(source: Input): LineInput {
    return source instanceof LineInput ? source : new LineInput(source)
  }

  read(): Promise<Uint8Array | undefined> {
    const rest = this.#rest
    this.#rest = undefined
    return rest === undefined ? this.#source.read() : Promise.resolve(rest)
  }

  /** The next line without its end, and whether it had one; undefined at the end of the input. */
  async readLine(maxBytes: number): Promise<{ text: string; hasEnd: boolean } | undefined> {
    const chunks: Uint8Array[] = []
    let size = 0
    for (;;) {
      const chunk = await this.read()
      if (chunk === undefined) return size === 0 ? undefined : { text: textOf(chunks), hasEnd: false }
      const end = chunk.indexOf(LINE_FEED)
      if (end !== -1) {
        if (end + 1 < chunk.byteLength) this.#rest = chunk.subarray(end + 1)
        return { text: textOf([...chunks, chunk.subarray(0, end)]), hasEnd: true }
      }
      chunks.push(chunk)
      size += chunk.byteLength
      if (size > maxBytes) return { text: textOf(chunks), hasEnd: true }
    }
  }
}

function textOf(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString()
}
