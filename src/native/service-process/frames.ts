// Frames of the wire: a length of four bytes, big-endian, then that many bytes of msgpack. Nothing is kept beyond the limit that the
// reader was given, whatever the peer announces.

import { Packr } from 'msgpackr'

/** Largest frame, bytes without the length. A create document of thousands of devices has some 100 KB. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024
/** Largest frame before a connection was let in. */
export const MAX_GREETING_BYTES = 4096

const LENGTH_BYTES = 4

/** Plain maps, so that what a peer sends never defines how later frames are read. */
const packr = new Packr({ useRecords: false, moreTypes: false })

/** The peer does not keep to the framing; its connection is over. */
export class FrameError extends Error {}

/** @throws {FrameError} larger than a peer would take */
export function encodeFrame(message: object): Uint8Array {
  const body = packr.pack(message)
  if (body.byteLength > MAX_FRAME_BYTES) {
    throw new FrameError(`a message of ${body.byteLength} bytes is larger than the largest, ${MAX_FRAME_BYTES}`)
  }
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + body.byteLength)
  frame.writeUInt32BE(body.byteLength)
  body.copy(frame, LENGTH_BYTES)
  return frame
}

export class FrameReader {
  #limit: number
  #chunks: Buffer[] = []
  #size = 0
  /** Length of the frame that is coming, once it is known. */
  #expected: number | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** For frames from here on. */
  set limit(limit: number) {
    this.#limit = limit
  }

  /** Bytes of a frame that has not ended. */
  get pending(): number {
    return this.#size
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    this.#size += chunk.byteLength
  }

  /** The next whole message, `undefined` when there is none yet. What it says is not checked here. @throws {FrameError} */
  next(): { message: unknown } | undefined {
    if (this.#expected === undefined) {
      if (this.#size < LENGTH_BYTES) return undefined
      this.#expected = this.#take(LENGTH_BYTES).readUInt32BE()
      if (this.#expected === 0 || this.#expected > this.#limit) {
        throw new FrameError(`a frame of ${this.#expected} bytes (allowed 1..${this.#limit})`)
      }
    }
    if (this.#size < this.#expected) return undefined
    const body = this.#take(this.#expected)
    this.#expected = undefined
    try {
      return { message: packr.unpack(body) }
    } catch (cause) {
      throw new FrameError('a frame that is no message', { cause })
    }
  }

  /** What came behind the last frame, for a connection that goes on without frames. */
  rest(): Buffer {
    return this.#take(this.#size)
  }

  #take(count: number): Buffer {
    const first = this.#chunks[0]
    if (first !== undefined && first.byteLength >= count) {
      this.#chunks[0] = first.subarray(count)
      this.#size -= count
      if (this.#chunks[0].byteLength === 0) this.#chunks.shift()
      return first.subarray(0, count)
    }
    const all = Buffer.concat(this.#chunks)
    this.#chunks = all.byteLength > count ? [all.subarray(count)] : []
    this.#size -= count
    return all.subarray(0, count)
  }
}
