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

const NOTHING = new Uint8Array(0)

export class FrameReader {
  readonly #maxFrameBytes: (header: Header) => number
  /** What came last, and how much of it is read. */
  #chunk = NOTHING
  #at = 0
  /** Of a frame that is cut: its header, and its payload as far as it has come. */
  readonly #headerBytes = new Uint8Array(HEADER_BYTES)
  #headerFill = 0
  #header: Header | undefined
  #payload = NOTHING
  #payloadFill = 0

  /** @throws {RangeError} a limit below the size of a header: NaN would let everything through */
  constructor(limits: FrameLimits) {
    const { maxFrameBytes } = limits
    if (typeof maxFrameBytes === 'function') this.#maxFrameBytes = maxFrameBytes
    else if (maxFrameBytes >= HEADER_BYTES) this.#maxFrameBytes = () => maxFrameBytes
    else throw new RangeError(`not a frame limit: ${maxFrameBytes}`)
  }

  /** Takes the next bytes; `next` must have answered undefined before. */
  feed(chunk: Uint8Array): void {
    this.#chunk = chunk as Uint8Array<ArrayBuffer>
    this.#at = 0
  }

  /**
   * The next frame that is complete; undefined when what was fed holds no other. Its payload may be a piece of what was fed: whoever keeps
   * it copies it. After it has thrown the reader is of no further use.
   *
   * @throws {ProtocolError} a size below 16 or above the limit
   */
  next(): Frame | undefined {
    if (this.#header === undefined) {
      const header = this.#readHeader()
      if (header === undefined) return undefined
      const bytes = header.size - HEADER_BYTES
      const end = this.#at + bytes
      if (end <= this.#chunk.byteLength) {
        const payload = this.#chunk.subarray(this.#at, end)
        this.#at = end
        return { type: header.type, id: header.id, payload }
      }
      this.#header = header
      this.#payload = new Uint8Array(bytes)
      this.#payloadFill = 0
    }
    return this.#fillPayload(this.#header)
  }

  #readHeader(): Header | undefined {
    const chunk = this.#chunk
    let header: Header
    if (this.#headerFill === 0 && chunk.byteLength - this.#at >= HEADER_BYTES) {
      header = readHeader(chunk, this.#at)
      this.#at += HEADER_BYTES
    } else {
      const taken = chunk.subarray(this.#at, this.#at + HEADER_BYTES - this.#headerFill)
      this.#headerBytes.set(taken, this.#headerFill)
      this.#headerFill += taken.byteLength
      this.#at += taken.byteLength
      if (this.#headerFill < HEADER_BYTES) return this.#spent()
      header = readHeader(this.#headerBytes)
      this.#headerFill = 0
    }
    this.#check(header)
    return header
  }

  #fillPayload(header: Header): Frame | undefined {
    const payload = this.#payload
    const rest = this.#chunk.subarray(this.#at, this.#at + payload.byteLength - this.#payloadFill)
    payload.set(rest, this.#payloadFill)
    this.#payloadFill += rest.byteLength
    this.#at += rest.byteLength
    if (this.#payloadFill < payload.byteLength) return this.#spent()
    this.#header = undefined
    this.#payload = NOTHING
    return { type: header.type, id: header.id, payload }
  }

  /** Nothing of the chunk is left: it is not held until the next one comes. */
  #spent(): undefined {
    this.#chunk = NOTHING
    this.#at = 0
  }

  #check(header: Header): void {
    const most = this.#maxFrameBytes(header)
    // Not the other way round: NaN lets nothing through.
    if (header.size >= HEADER_BYTES && header.size <= most) return
    const limits = `${HEADER_BYTES}..${most}`
    throw new ProtocolError({ reason: `a frame header has the invalid size ${header.size} (allowed ${limits})` })
  }

  /** What the stream would leave incomplete if it ended here. */
  end(): StreamEnd {
    if (this.#header !== undefined) return 'payload'
    return this.#headerFill === 0 ? 'boundary' : 'header'
  }
}
