// The frames of ttrpc: a header of ten bytes, all numbers big-endian, and up to 4 MiB. Pure: bytes in, frames out.

export const HEADER_BYTES = 10
/** What a frame may carry at most; the protocol's own limit. */
export const MAX_DATA_BYTES = 4 * 1024 * 1024

export const FrameType = { request: 1, response: 2, data: 3 } as const
export const FrameFlag = { remoteClosed: 1, remoteOpen: 2, noData: 4 } as const

export interface Frame {
  type: number
  flags: number
  /** Odd when the client began the stream. */
  streamId: number
  /** Absent: it was longer than allowed, `length` bytes, and has been passed over. */
  data?: Uint8Array
  /** Bytes that the header promised. */
  length: number
}

/**
 * @param data at most `MAX_DATA_BYTES`
 * @throws RangeError when it is more
 */
export function encodeFrame(type: number, streamId: number, data: Uint8Array, flags = 0): Uint8Array {
  if (data.length > MAX_DATA_BYTES)
    throw new RangeError(`a ttrpc message of ${data.length} bytes; at most ${MAX_DATA_BYTES} are allowed`)
  const frame = Buffer.allocUnsafe(HEADER_BYTES + data.length)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(streamId, 4)
  frame[8] = type
  frame[9] = flags
  frame.set(data, HEADER_BYTES)
  return frame
}

/** What is set aside for a frame at first: a peer that promises much and sends little costs little. */
const FIRST_BYTES = 16 * 1024

/**
 * Cuts a stream of bytes into frames, however the bytes come. It holds one frame at most, and no more of it than has come, twice: what is
 * longer than allowed is passed over without being kept, so that the stream goes on behind it.
 */
export class FrameDecoder {
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerBytes = 0
  /** Of the frame whose header is whole. */
  #frame: Frame | undefined
  #filled = 0
  #body = new Uint8Array(0)

  /** Whether the stream ended between two frames, as it should. */
  get isBetweenFrames(): boolean {
    return this.#frame === undefined && this.#headerBytes === 0
  }

  /** The frames that end in this chunk. */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let at = 0
    while (at < chunk.length) {
      if (this.#frame === undefined) {
        const taken = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at)
        this.#header.set(chunk.subarray(at, at + taken), this.#headerBytes)
        this.#headerBytes += taken
        at += taken
        if (this.#headerBytes < HEADER_BYTES) return
        this.#begin()
      } else {
        const taken = Math.min(this.#frame.length - this.#filled, chunk.length - at)
        if (this.#frame.data !== undefined) this.#keep(chunk.subarray(at, at + taken))
        this.#filled += taken
        at += taken
      }
      const frame = this.#frame!
      if (this.#filled < frame.length) continue
      this.#frame = undefined
      this.#headerBytes = 0
      yield frame.data === undefined ? frame : { ...frame, data: this.#body.subarray(0, frame.length) }
    }
  }

  #begin(): void {
    const length = this.#header.readUInt32BE(0)
    this.#filled = 0
    this.#body = new Uint8Array(length <= MAX_DATA_BYTES ? Math.min(length, FIRST_BYTES) : 0)
    this.#frame = {
      streamId: this.#header.readUInt32BE(4),
      type: this.#header[8]!,
      flags: this.#header[9]!,
      length,
      ...(length <= MAX_DATA_BYTES ? { data: this.#body } : {}),
    }
  }

  #keep(part: Uint8Array): void {
    const needed = this.#filled + part.length
    if (needed > this.#body.length) {
      const larger = new Uint8Array(Math.min(this.#frame!.length, Math.max(needed, 2 * this.#body.length)))
      larger.set(this.#body.subarray(0, this.#filled))
      this.#body = larger
    }
    this.#body.set(part, this.#filled)
  }
}
