// Bytes in, lines out. A character split between two chunks stays whole.

import { StringDecoder } from 'node:string_decoder'

export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(private readonly onLine: (line: string) => void) {}

  /** @returns the text that the chunk completed */
  push(chunk: Buffer): string {
    const text = this.#decoder.write(chunk)
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.onLine(line.replace(/\r$/, ''))
    return text
  }

  end(): void {
    if (this.#rest !== '') this.onLine(this.#rest)
    this.#rest = ''
  }
}
