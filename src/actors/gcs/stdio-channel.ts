// The actor's end of one stdio stream: a listener that accepts exactly one connection from the guest, and the port to the main thread.
//
// Output is read ahead of the caller by one window and then waits for credit; at end of file our end of the socket is closed at once, so
// that the guest can report the exit although nobody has read. Input waits for the guest to connect, and is half-closed once.

import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import type { HvSocketListener } from '../../native/hvsocket.js'
import type { Gauges } from '../environment.js'
import { STDIO_WINDOW_BYTES, type StdioMessage } from './contract.js'

abstract class Channel {
  protected readonly port: MessagePort
  protected socket: Duplex | undefined
  protected over = false
  readonly #listener: HvSocketListener
  readonly #gauges: Gauges

  constructor(listener: HvSocketListener, port: MessagePort, gauges: Gauges) {
    this.port = port
    this.#listener = listener
    this.#gauges = gauges
    gauges.sockets++
    port.on('message', (message: StdioMessage) => this.receive(message))
    port.once('close', () => this.portClosed())
    void this.#accept()
  }

  /** Whether the guest has connected. */
  get isConnected(): boolean {
    return this.socket !== undefined
  }

  async #accept(): Promise<void> {
    let socket: Duplex | undefined
    try {
      socket = await this.#listener.accept()
      this.#gauges.sockets++
      socket.once('close', () => this.#gauges.sockets--)
    } catch {
      // The channel was closed first.
    }
    await this.#listener.close()
    this.#gauges.sockets--
    if (socket === undefined) return
    if (this.over) {
      socket.destroy()
      return
    }
    this.socket = socket
    socket.on('error', () => this.close())
    this.connected(socket)
  }

  protected abstract connected(socket: Duplex): void
  protected abstract receive(message: StdioMessage): void
  protected abstract portClosed(): void

  protected post(message: StdioMessage, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer)
  }

  /** Ends the stream without an end of file. Idempotent. */
  close(): void {
    if (this.over) return
    this.over = true
    this.post({ closed: true })
    this.port.close()
    this.socket?.destroy()
    void this.#listener.close()
  }
}

/** stdout or stderr. */
export class OutputChannel extends Channel {
  #unread = 0

  protected connected(socket: Duplex): void {
    socket.on('data', (chunk: Buffer) => {
      this.#unread += chunk.byteLength
      const bytes = ownBytes(chunk)
      this.post(bytes, [bytes.buffer])
      if (this.#unread >= STDIO_WINDOW_BYTES) socket.pause()
    })
    socket.once('end', () => {
      if (this.over) return
      this.over = true
      this.post({ end: true })
      socket.destroy()
    })
    socket.once('close', () => this.close())
    socket.resume()
  }

  protected receive(message: StdioMessage): void {
    if (message instanceof Uint8Array) return
    if ('credit' in message) {
      this.#unread -= message.credit
      if (this.#unread < STDIO_WINDOW_BYTES && this.socket?.destroyed === false) this.socket.resume()
    } else this.close()
  }

  protected portClosed(): void {
    this.close()
  }
}

/** stdin. */
export class InputChannel extends Channel {
  /** Came before the guest connected; bounded by the window. */
  readonly #early: Uint8Array[] = []
  #ended = false

  protected connected(socket: Duplex): void {
    // The guest sends nothing here; its end of file is noticed all the same.
    socket.on('data', () => undefined)
    socket.once('close', () => this.close())
    for (const chunk of this.#early.splice(0)) this.#write(socket, chunk)
    if (this.#ended) socket.end()
    socket.resume()
  }

  #write(socket: Duplex, chunk: Uint8Array): void {
    socket.write(chunk, () => {
      if (!this.over) this.post({ credit: chunk.byteLength })
    })
  }

  protected receive(message: StdioMessage): void {
    if (message instanceof Uint8Array) {
      if (this.socket === undefined) this.#early.push(message)
      else if (this.socket.writable) this.#write(this.socket, message)
    } else if ('end' in message) this.#halfClose()
    else if ('closed' in message) this.close()
  }

  /** At most once; the process reads end of file after what was written. */
  #halfClose(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.socket?.writable === true) this.socket.end()
  }

  protected portClosed(): void {
    if (!this.#ended) this.close()
  }
}

/** The chunk with an ArrayBuffer of its own, which can be transferred. */
function ownBytes(chunk: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer } = chunk
  if (buffer instanceof ArrayBuffer && chunk.byteOffset === 0 && buffer.byteLength === chunk.byteLength) {
    return new Uint8Array(buffer)
  }
  return new Uint8Array(chunk)
}
