// A socket that carries frames, at either end. It never fails loudly: whatever is wrong with the peer or the socket closes it, once, with
// the reason for whoever wants to know.

import type { Socket } from 'node:net'
import { encodeFrame, FrameError, FrameReader } from './frames.js'

/** Bytes that wait for a peer that does not read, beyond which it is cut off. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024

export interface FrameHandlers {
  onMessage(message: unknown): void
  /** Once, when the socket is closed. `reason` is absent when the peer or we ended it in order. */
  onClose(reason: Error | undefined): void
}

export class FramedSocket {
  readonly socket: Socket
  readonly #reader: FrameReader
  #handlers: FrameHandlers | undefined
  #reason: Error | undefined
  #isPaused = false
  #isClosed = false
  /** Handed on to carry plain bytes. */
  #isRaw = false
  readonly #onData = (chunk: Buffer): void => {
    this.#reader.add(chunk)
    this.#read()
  }
  readonly #onEnd = (): void => void this.socket.destroy()

  constructor(socket: Socket, limit: number) {
    this.socket = socket
    this.#reader = new FrameReader(limit)
    socket.on('error', (error) => (this.#reason ??= error))
    socket.once('close', () => {
      this.#isClosed = true
      if (!this.#isRaw) this.#handlers?.onClose(this.#reason)
    })
  }

  get isClosed(): boolean {
    return this.#isClosed || this.socket.destroyed
  }

  /** Begins to read, or hands on to other handlers. */
  open(handlers: FrameHandlers): void {
    const isFirst = this.#handlers === undefined
    this.#handlers = handlers
    if (!isFirst) return
    this.socket.on('data', this.#onData)
    this.socket.once('end', this.#onEnd)
  }

  /** Largest frame from here on, bytes. */
  set limit(bytes: number) {
    this.#reader.limit = bytes
  }

  /** @throws {FrameError} larger than a peer would take; nothing was sent then */
  send(message: object): void {
    const frame = encodeFrame(message)
    if (this.isClosed) return
    // Frames of one turn of the event loop leave together.
    if (this.socket.writableCorked === 0) {
      this.socket.cork()
      process.nextTick(() => this.socket.uncork())
    }
    this.socket.write(frame)
    if (this.socket.writableLength > MAX_WAITING_BYTES) this.close(new Error('the peer does not read'))
  }

  /** No message is handed on until `resume`. */
  pause(): void {
    this.#isPaused = true
    this.socket.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.socket.resume()
    this.#read()
  }

  /** Sends what was written, then closes. */
  end(): void {
    this.socket.end(() => this.socket.destroy())
  }

  close(reason?: Error): void {
    this.#reason ??= reason
    this.socket.destroy()
  }

  /** The socket itself, for bytes from here on; what came already is put back. */
  toRaw(): Socket {
    this.#isRaw = true
    this.socket.off('data', this.#onData)
    this.socket.off('end', this.#onEnd)
    this.socket.pause()
    const rest = this.#reader.rest()
    if (rest.byteLength > 0) this.socket.unshift(rest)
    // As a new stream is: neither flowing nor paused on purpose, so that whoever listens or pipes sets it going.
    ;(this.socket as { readableFlowing: boolean | null }).readableFlowing = null
    return this.socket
  }

  #read(): void {
    try {
      while (!this.#isPaused && !this.#isRaw && !this.isClosed) {
        const next = this.#reader.next()
        if (next === undefined) return
        this.#handlers?.onMessage(next.message)
      }
    } catch (error) {
      this.close(error instanceof Error ? error : new FrameError(String(error)))
    }
  }
}
