// The wire between the two sides of a simulated migration: frames over whatever byte stream stands for the socket. A frame is a length
// (uint32, little-endian) and that many bytes of msgpack. HCS has a protocol of its own here that nobody has published; what matters is
// that everything the destination knows of the VM has come through these bytes.

import type { Duplex } from 'node:stream'
import { isRecord } from '../../../protocol/json.js'
import { packState, unpackState } from '../state/codec.js'

/** Bytes of a state that go into one frame. */
export const CHUNK_BYTES = 64 * 1024
/** Largest frame taken, bytes. */
const MAX_FRAME_BYTES = 2 * CHUNK_BYTES

export type MigrationSide = 'Source' | 'Destination'

export type MigrationFrame =
  /** First of each side. */
  | { kind: 'hello'; protocol: typeof PROTOCOL; side: MigrationSide; sessionId: number }
  /** The destination has been asked to transfer. */
  | { kind: 'ready' }
  /** A piece of the state. Pass 0 is the last one, made while the VM stands still. */
  | { kind: 'piece'; pass: number; bytes: Uint8Array; isLast: boolean }
  | { kind: 'taken' }
  /** The VM stands still. */
  | { kind: 'blackout' }
  /** The destination has the whole state and can run it. */
  | { kind: 'complete' }
  | { kind: 'failed'; result: string }

export const PROTOCOL = 'uvm-actors migration 1'

export interface WireListener {
  frame(frame: MigrationFrame): void
  /** Once: the stream ended, failed, or brought something else. */
  lost(): void
}

export class MigrationWire {
  readonly #stream: Duplex
  readonly #listener: WireListener
  #received: Uint8Array = new Uint8Array(0)
  #isOver = false

  constructor(stream: Duplex, listener: WireListener) {
    this.#stream = stream
    this.#listener = listener
    stream.on('error', () => this.#lose())
    stream.on('close', () => this.#lose())
    stream.on('end', () => this.#lose())
    stream.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    // It may have ended before anybody listened.
    if (stream.destroyed) queueMicrotask(() => this.#lose())
  }

  send(frame: MigrationFrame): void {
    if (this.#isOver) return
    const body = packState(frame)
    const bytes = new Uint8Array(4 + body.byteLength)
    new DataView(bytes.buffer).setUint32(0, body.byteLength, true)
    bytes.set(body, 4)
    // In one write: a socket may hold back the second of two small ones until the first is acknowledged.
    this.#stream.write(bytes)
  }

  #receive(chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#received = this.#received.byteLength === 0 ? chunk : Buffer.concat([this.#received, chunk])
    for (let body = this.#next(); body !== undefined; body = this.#next()) {
      const frame = decode(body)
      if (frame === undefined) this.#lose()
      else this.#listener.frame(frame)
    }
  }

  /** The next frame that has come whole, unless the wire is over. */
  #next(): Uint8Array | undefined {
    const { buffer, byteOffset, byteLength } = this.#received
    if (this.#isOver || byteLength < 4) return undefined
    const length = new DataView(buffer, byteOffset, byteLength).getUint32(0, true)
    if (length > MAX_FRAME_BYTES) this.#lose()
    if (length > MAX_FRAME_BYTES || byteLength < 4 + length) return undefined
    const body = this.#received.subarray(4, 4 + length)
    this.#received = this.#received.subarray(4 + length)
    return body
  }

  #lose(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stream.destroy()
    this.#listener.lost()
  }

  /** Lets go of the stream, behind what was sent. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stream.end(() => this.#stream.destroy())
    this.#stream.resume()
  }

  destroy(): void {
    this.#isOver = true
    this.#stream.destroy()
  }
}

/** A frame of the known kinds with members of the right type; undefined for anything else. */
function decode(body: Uint8Array): MigrationFrame | undefined {
  let frame: unknown
  try {
    frame = unpackState(body)
  } catch {
    return undefined
  }
  if (!isRecord(frame)) return undefined
  const { kind, protocol, side, sessionId, pass, bytes, isLast, result } = frame
  switch (kind) {
    case 'hello':
      if (protocol !== PROTOCOL || (side !== 'Source' && side !== 'Destination')) return undefined
      return typeof sessionId === 'number' ? { kind, protocol, side, sessionId } : undefined
    case 'piece':
      if (typeof pass !== 'number' || !(bytes instanceof Uint8Array) || typeof isLast !== 'boolean') return undefined
      return { kind, pass, bytes, isLast }
    case 'failed':
      return typeof result === 'string' ? { kind, result } : undefined
    case 'ready':
    case 'taken':
    case 'blackout':
    case 'complete':
      return { kind }
    default:
      return undefined
  }
}
