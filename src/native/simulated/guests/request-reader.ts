// Requests out of the host's byte stream. A guest sets no limit to the size of a frame; this one keeps nothing of a frame that it has no
// memory for, skips it, and still says that it came, so that it can be answered. Memory grows with what arrived, not with what a header
// claims.

import { ProtocolError } from '../../../errors.js'
import { HEADER_BYTES, readHeader } from '../../../protocol/bridge/header.js'

export interface RequestFrame {
  readonly type: number
  readonly id: bigint
  /** Without the header; undefined when it was too large to keep. */
  readonly payload: Uint8Array | undefined
}

interface Current {
  readonly type: number
  readonly id: bigint
  readonly bytes: number
  /** Payload bytes that have arrived. */
  fill: number
  /** Undefined while skipping. */
  payload: Uint8Array | undefined
}

const FIRST_BUFFER_BYTES = 4096

export class RequestReader {
  readonly #maxBytes: number
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerFill = 0
  #current: Current | undefined

  /** Payloads of more than `maxBytes` are skipped. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Takes the next bytes and yields the requests they complete. @throws {ProtocolError} a size below 16 */
  *push(chunk: Uint8Array): Generator<RequestFrame, void, undefined> {
    let offset = 0
    while (offset < chunk.byteLength) {
      if (this.#current === undefined) {
        const taken = chunk.subarray(offset, offset + HEADER_BYTES - this.#headerFill)
        this.#header.set(taken, this.#headerFill)
        this.#headerFill += taken.byteLength
        offset += taken.byteLength
        if (this.#headerFill < HEADER_BYTES) return
        this.#headerFill = 0
        this.#current = this.#begin()
      }
      const current = this.#current
      const taken = chunk.subarray(offset, offset + current.bytes - current.fill)
      keep(current, taken)
      offset += taken.byteLength
      if (current.fill < current.bytes) return
      this.#current = undefined
      const { type, id, payload } = current
      yield { type, id, payload: payload?.subarray(0, current.bytes) }
    }
  }

  #begin(): Current {
    const { type, size, id } = readHeader(this.#header)
    if (size < HEADER_BYTES) throw new ProtocolError({ reason: `a frame header has the invalid size ${size}` })
    const bytes = size - HEADER_BYTES
    return { type, id, bytes, fill: 0, payload: bytes > this.#maxBytes ? undefined : new Uint8Array(0) }
  }
}

function keep(current: Current, bytes: Uint8Array): void {
  const end = current.fill + bytes.byteLength
  if (current.payload !== undefined) {
    if (end > current.payload.byteLength) {
      const grown = new Uint8Array(Math.min(current.bytes, Math.max(FIRST_BUFFER_BYTES, 2 * end)))
      grown.set(current.payload.subarray(0, current.fill))
      current.payload = grown
    }
    current.payload.set(bytes, current.fill)
  }
  current.fill = end
}
