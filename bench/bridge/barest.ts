// The barest client of a guest: an id per request, one write per turn, one parse per answer. No checks, no deadlines, no record.

import type { Socket } from 'node:net'

const HEADER_BYTES = 16
export const MODIFY = 0x1010_0a01
const ACTIVITY = '"ActivityId":"00000000-0000-0000-0000-000000000000"'

/** The body of a ModifySettings, as ours writes it. */
export function modifyBody(request: unknown): string {
  return `{"ContainerId":"00000000-0000-0000-0000-000000000000",${ACTIVITY},"Request":${JSON.stringify(request)}}`
}

export class BarestClient {
  readonly #socket: Socket
  readonly #pending = new Map<number, (body: unknown) => void>()
  #nextId = 0
  #frames: Buffer[] = []
  #rest: Buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  call(type: number, body: string): Promise<unknown> {
    return new Promise((resolve) => {
      const id = this.#nextId++
      this.#pending.set(id, resolve)
      const frame = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(body))
      frame.writeUInt32LE(type, 0)
      frame.writeUInt32LE(frame.length, 4)
      frame.writeUInt32LE(id, 8)
      frame.writeUInt32LE(0, 12)
      frame.write(body, HEADER_BYTES)
      if (this.#frames.push(frame) === 1) setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    const frames = this.#frames
    this.#frames = []
    this.#socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames))
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= HEADER_BYTES) {
      const size = bytes.readUInt32LE(at + 4)
      if (bytes.length - at < size) break
      const id = bytes.readUInt32LE(at + 8)
      const body: unknown = JSON.parse(bytes.toString('utf8', at + HEADER_BYTES, at + size))
      const resolve = this.#pending.get(id)
      this.#pending.delete(id)
      resolve?.(body)
      at += size
    }
    this.#rest = bytes.subarray(at)
  }
}
