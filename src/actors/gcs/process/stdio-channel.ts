// The actor's end of one stdio stream: a listener that accepts one connection from the guest, and the port to the main thread. A connection
// that is lost with nothing on it before the guest has answered the start is not the stream yet: a guest whose dial took too long has given it
// up and dials again.
//
// Output is read ahead of the caller by one window and then waits for credit; at end of file our end of the socket is closed at once, so
// that the guest can report the exit although nobody has read. Input waits for the guest to connect, and is half-closed once. What a
// guest can make us hold is bounded in bytes and in messages: one that writes a byte at a time costs no more than one that writes well.

import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import type { Clock, Timer } from '../../../native/clock.js'
import type { HvSocketListener, HvSocketTransport } from '../../../native/hvsocket.js'
import type { Gauges } from '../../environment.js'
import { STDIO_WINDOW_BYTES, type StdioMessage } from '../contract.js'

/** How long a stream may still connect after its process has exited, milliseconds. A Windows guest may dial late. */
const LATE_CONNECT_MS = 5_000

/** Most messages on their way to the main thread before small pieces are put together. */
const MAX_MESSAGES = 32

/** Room in which small pieces are put together, bytes. */
const GATHER_BYTES = 64 * 1024

export interface ChannelOptions {
  listener: HvSocketListener
  /** Of the transport, where it has it. */
  endedWhole?: HvSocketTransport['endedWhole'] | undefined
  port: MessagePort
  clock: Clock
  gauges: Gauges
}

abstract class Channel {
  protected readonly port: MessagePort
  protected socket: Duplex | undefined
  protected over = false
  protected hasExited = false
  /** Something came, or an end of file. */
  protected isUsed = false
  #isStarted = false
  #isListening = true
  readonly #listener: HvSocketListener
  protected readonly endedWhole: HvSocketTransport['endedWhole'] | undefined
  readonly #clock: Clock
  readonly #gauges: Gauges
  /** Ends a stream that does not connect after its process is gone. */
  #lateTimer: Timer | undefined

  constructor({ listener, port, clock, gauges, endedWhole }: ChannelOptions) {
    this.port = port
    this.endedWhole = endedWhole
    this.#listener = listener
    this.#clock = clock
    this.#gauges = gauges
    gauges.sockets++
    port.on('message', (message: StdioMessage) => this.receive(message))
    port.once('close', () => this.portClosed())
    void this.#accept()
  }

  async #accept(): Promise<void> {
    let socket: Duplex | undefined
    try {
      socket = await this.#listener.accept()
      this.#gauges.sockets++
      socket.once('close', () => this.#gauges.sockets--)
    } catch {
      // The channel was closed first, or the listener failed: nothing will connect any more.
      this.close()
    }
    if (socket === undefined || this.#isStarted || this.over) await this.stopListening()
    if (socket === undefined) return
    if (this.over) {
      socket.destroy()
      return
    }
    this.#lateTimer?.clear()
    this.socket = socket
    // Its close comes behind its error.
    socket.on('error', () => undefined)
    socket.once('close', () => this.socketClosed(socket))
    this.connected(socket)
  }

  protected async stopListening(): Promise<void> {
    await this.#listener.close()
    if (!this.#isListening) return
    this.#isListening = false
    this.#gauges.sockets--
  }

  /** The guest has answered the start: what is connected now is the stream, and without one the next connection is. */
  started(): void {
    this.#isStarted = true
    if (this.socket !== undefined) void this.stopListening()
  }

  protected socketClosed(socket: Duplex): void {
    if (this.socket !== socket) return
    if (this.#isStarted || this.isUsed || this.over) return this.lost()
    this.socket = undefined
    void this.#accept()
  }

  /** The process is gone. A stream that did not connect while it ran hardly will: its reader must not wait for ever. */
  exited(): void {
    this.hasExited = true
    if (this.over || this.socket !== undefined) return
    this.#lateTimer = this.#clock.after(LATE_CONNECT_MS, () => this.finish({ closed: true, unused: true }))
  }

  protected abstract connected(socket: Duplex): void
  /** The socket of the stream is gone. */
  protected abstract lost(): void
  protected abstract receive(message: StdioMessage): void
  protected abstract portClosed(): void

  protected post(message: StdioMessage, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer)
  }

  /** Ends the stream without an end of file. Idempotent. */
  close(): void {
    this.finish({ closed: true })
  }

  protected finish(message: StdioMessage): void {
    if (this.over) return
    this.over = true
    this.#lateTimer?.clear()
    this.post(message)
    this.port.close()
    this.socket?.destroy()
    void this.stopListening()
  }
}

/** stdout or stderr. */
export class OutputChannel extends Channel {
  /** What the main thread has not taken yet. */
  #unreadBytes = 0
  #messages = 0
  /** Small pieces that wait for a message to be taken. */
  #gathered = Buffer.alloc(0)
  #gatheredBytes = 0

  protected connected(socket: Duplex): void {
    socket.on('data', (chunk: Buffer) => {
      this.isUsed = true
      this.#unreadBytes += chunk.byteLength
      if (this.#messages < MAX_MESSAGES) this.#send(ownBytes(chunk))
      else this.#gather(chunk)
      if (this.#unreadBytes >= STDIO_WINDOW_BYTES) socket.pause()
    })
    socket.once('end', () => {
      if (this.endedWhole === undefined) this.#ended(socket)
      else void this.endedWhole(socket).then((isWhole) => (isWhole ? this.#ended(socket) : socket.destroy()))
    })
    socket.resume()
  }

  #ended(socket: Duplex): void {
    if (this.over) return
    this.over = true
    this.#flush()
    this.post({ end: true })
    // What was posted arrives before the port's own end: whoever never reads holds nothing here.
    this.port.close()
    socket.destroy()
    // The start may be refused yet.
    void this.stopListening()
  }

  protected lost(): void {
    this.close()
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#messages++
    this.post(bytes, [bytes.buffer])
  }

  #gather(chunk: Buffer): void {
    if (this.#gatheredBytes + chunk.byteLength > GATHER_BYTES) this.#flush()
    if (chunk.byteLength >= GATHER_BYTES) {
      this.#send(ownBytes(chunk))
      return
    }
    if (this.#gathered.byteLength === 0) this.#gathered = Buffer.allocUnsafeSlow(GATHER_BYTES)
    chunk.copy(this.#gathered, this.#gatheredBytes)
    this.#gatheredBytes += chunk.byteLength
  }

  #flush(): void {
    if (this.#gatheredBytes === 0) return
    this.#send(new Uint8Array(this.#gathered.subarray(0, this.#gatheredBytes)))
    this.#gatheredBytes = 0
  }

  protected receive(message: StdioMessage): void {
    if (message instanceof Uint8Array) return
    if ('credit' in message) {
      this.#unreadBytes -= message.credit
      this.#messages -= message.messages ?? 1
      if (this.over) return
      if (this.#messages < MAX_MESSAGES) this.#flush()
      if (this.#unreadBytes < STDIO_WINDOW_BYTES) this.socket?.resume()
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
  #guestHasEnded = false

  protected connected(socket: Duplex): void {
    // The guest sends nothing here. Its end of file is no reason to stop writing while the process may still read.
    socket.on('data', () => undefined)
    socket.once('end', () => {
      this.isUsed = true
      this.#guestHasEnded = true
      this.#closeIfUnread()
    })
    socket.once('finish', () => this.#closeIfUnread())
    for (const chunk of this.#early.splice(0)) this.#write(socket, chunk)
    if (this.#ended) socket.end()
    socket.resume()
  }

  /** The process closed its input, as far as anybody can tell; that the connection is lost is told by the connection. */
  protected lost(): void {
    this.finish({ closed: true, unread: true })
  }

  override exited(): void {
    super.exited()
    this.#closeIfUnread()
  }

  /** The process is gone, and either side has let go: nothing more will be read, or written. */
  #closeIfUnread(): void {
    if (this.hasExited && (this.#guestHasEnded || this.socket?.writableFinished === true)) this.lost()
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
