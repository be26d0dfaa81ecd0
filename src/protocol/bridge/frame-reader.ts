// Incremental decoder of the byte stream: any split of the stream gives the same frames. A size outside the limits is refused as soon
// as the header is complete, before anything is allocated for the payload.

import { ProtocolError } from '../../errors.js'
import { HEADER_BYTES, readHeader, type Header } from './header.js'

export interface Frame {
  readonly type: number
  readonly id: bigint
  /** Without the header; JSON in UTF-8, perhaps with white space around it. */
  readonly payload: Uint8Array
}

export interface FrameLimits {
  /** Largest frame accepted, bytes, header included; or what answers that of one header. */
  maxFrameBytes: number | ((header: Header) => number)
}

/** Where a stream ended. */
export type StreamEnd = 'boundary' | 'header' | 'payload'

export class FrameReader {
  readonly #maxFrameBytes: (header: Header) => number
  readonly #headerBytes = new Uint8Array(HEADER_BYTES)
  #headerFill = 0
  #header: Header | undefined
  #payload = new Uint8Array(0)
  #payloadFill = 0

  /** @throws {RangeError} a limit below the size of a header: NaN would let everything through */
  constructor(limits: FrameLimits) {
    const { maxFrameBytes } = limits
    if (typeof maxFrameBytes === 'function') this.#maxFrameBytes = maxFrameBytes
    else if (maxFrameBytes >= HEADER_BYTES) this.#maxFrameBytes = () => maxFrameBytes
    else throw new RangeError(`not a frame limit: ${maxFrameBytes}`)
  }

  /**
   * Takes the next bytes and yields the frames they complete. After it has thrown the reader is of no further use.
   *
   * @throws {ProtocolError} a size below 16 or above the limit
   */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let offset = 0
    for (;;) {
      if (this.#header === undefined) {
        const taken = chunk.subarray(offset, offset + HEADER_BYTES - this.#headerFill)
        this.#headerBytes.set(taken, this.#headerFill)
        this.#headerFill += taken.byteLength
        offset += taken.byteLength
        if (this.#headerFill < HEADER_BYTES) return
        this.#begin(readHeader(this.#headerBytes))
      }
      const rest = chunk.subarray(offset, offset + this.#payload.byteLength - this.#payloadFill)
      this.#payload.set(rest, this.#payloadFill)
      this.#payloadFill += rest.byteLength
      offset += rest.byteLength
      const header = this.#header
      if (header === undefined || this.#payloadFill < this.#payload.byteLength) return
      const payload = this.#payload
      this.#header = undefined
      this.#headerFill = 0
      yield { type: header.type, id: header.id, payload }
    }
  }

  #begin(header: Header): void {
    const most = this.#maxFrameBytes(header)
    // Not the other way round: NaN lets nothing through.
    if (header.size < HEADER_BYTES || !(header.size <= most)) {
      const limits = `${HEADER_BYTES}..${most}`
      throw new ProtocolError({ reason: `a frame header has the invalid size ${header.size} (allowed ${limits})` })
    }
    this.#header = header
    this.#payload = new Uint8Array(header.size - HEADER_BYTES)
    this.#payloadFill = 0
  }

  /** What the stream would leave incomplete if it ended here. */
  end(): StreamEnd {
    if (this.#header !== undefined) return 'payload'
    return this.#headerFill === 0 ? 'boundary' : 'header'
  }
}
