// Messages as bytes. What waits to be written together lies in one buffer, which nobody else has and which is not used again, so that
// nothing of a message that failed to go out can precede the next one.

import { HEADER_BYTES, writeHeader } from './header.js'

const encoder = new TextEncoder()
const LINE_FEED = 0x0a
/** Most bytes of UTF-8 that a UTF-16 unit becomes. */
const BYTES_PER_UNIT = 3
/** What a batch begins with at least: a few messages of the usual size. */
const LEAST_BYTES = 1024

/** Messages that go out together. */
export class FrameBatch {
  #bytes: Uint8Array<ArrayBuffer> | undefined
  #fill = 0
  /** Of the batch before: the next is about as large. */
  #lastBytes = 0

  /** Bytes of all messages that wait. */
  get byteLength(): number {
    return this.#fill
  }

  /**
   * Adds a message: header, JSON text in UTF-8 and, as the reference host does, a line feed that is counted in the size. The size is
   * answered, bytes.
   *
   * @throws {RangeError} a message of 4 GiB or more
   */
  add(type: number, id: bigint, json: string): number {
    const target = this.#room(HEADER_BYTES + BYTES_PER_UNIT * json.length + 1)
    const start = this.#fill
    const { written } = encoder.encodeInto(json, target.subarray(start + HEADER_BYTES))
    const size = HEADER_BYTES + written + 1
    if (size > 0xffff_ffff) throw new RangeError('a message has less than 4 GiB')
    writeHeader(target, { type, size, id }, start)
    target[start + size - 1] = LINE_FEED
    this.#fill = start + size
    return size
  }

  /** The buffer, with room for so many bytes more. */
  #room(bytes: number): Uint8Array<ArrayBuffer> {
    const old = this.#bytes
    const needed = this.#fill + bytes
    if (old !== undefined && needed <= old.byteLength) return old
    const grown = new Uint8Array(Math.max(LEAST_BYTES, needed, this.#lastBytes, 2 * (old?.byteLength ?? 0)))
    if (old !== undefined) grown.set(old.subarray(0, this.#fill))
    this.#bytes = grown
    return grown
  }

  /** All messages, in order; the batch is empty afterwards. Undefined when there are none. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    const taken = this.#bytes?.subarray(0, this.#fill)
    this.#bytes = undefined
    this.#lastBytes = this.#fill
    this.#fill = 0
    return taken
  }
}
