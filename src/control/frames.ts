// What a command says through a control socket once the connection was upgraded: a channel (one byte), a length (four bytes, big-endian) and
// so many bytes. Pure: bytes in, frames out.

/** `stdin` goes to the command, `stdout` and `stderr` come from it; an empty `stdin` is its end. The rest is JSON. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, control: 3, end: 4 } as const

export type Channel = (typeof CHANNEL)[keyof typeof CHANNEL]

/** The name of the protocol that a connection is upgraded to. */
export const STDIO_PROTOCOL = 'uvm-stdio'

/** Longest payload, bytes. What is larger is cut into several by whoever sends it. */
export const MAX_PAYLOAD = 64 * 1024

const HEADER = 5

export interface StdioFrame {
  channel: Channel
  payload: Buffer
}

/** The other end does not keep to the protocol. */
export class StdioFrameError extends Error {
  override readonly name = 'StdioFrameError'
}

/** One frame for each MAX_PAYLOAD bytes; one for none. */
export function encodeFrames(channel: Channel, bytes: Uint8Array): Buffer {
  const count = Math.max(1, Math.ceil(bytes.byteLength / MAX_PAYLOAD))
  const all = Buffer.allocUnsafe(bytes.byteLength + count * HEADER)
  let at = 0
  for (let start = 0, left = count; left > 0; left--, start += MAX_PAYLOAD) {
    const payload = bytes.subarray(start, start + MAX_PAYLOAD)
    at = all.writeUInt8(channel, at)
    at = all.writeUInt32BE(payload.byteLength, at)
    all.set(payload, at)
    at += payload.byteLength
  }
  return all
}

export function encodeMessage(channel: Channel, message: unknown): Buffer {
  return encodeFrames(channel, Buffer.from(JSON.stringify(message)))
}

export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** @returns the frames that the chunk completed @throws {StdioFrameError} an unknown channel, or a payload over MAX_PAYLOAD */
  push(chunk: Buffer): StdioFrame[] {
    let bytes = this.#rest.byteLength === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: StdioFrame[] = []
    while (bytes.byteLength >= HEADER) {
      const channel = bytes.readUInt8(0)
      const length = bytes.readUInt32BE(1)
      if (channel > CHANNEL.end) throw new StdioFrameError(`there is no channel ${channel}`)
      if (length > MAX_PAYLOAD) throw new StdioFrameError(`a frame of ${length} bytes; there may be ${MAX_PAYLOAD}`)
      if (bytes.byteLength < HEADER + length) break
      frames.push({ channel: channel as Channel, payload: bytes.subarray(HEADER, HEADER + length) })
      bytes = bytes.subarray(HEADER + length)
    }
    this.#rest = bytes
    return frames
  }
}
