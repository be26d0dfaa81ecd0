// A byte stream over a message port, between the main thread and the service's. A chunk is sent when the last one was taken, so nothing
// piles up in between. And the relay of a caller's stream to the service, for a migration.

import { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { relayBetween } from '../../relay-stream.js'

/** Bytes; the last bytes were taken; no more bytes; the service has taken the stream. */
type PortMessage = Uint8Array<ArrayBuffer> | 'taken' | 'end' | 'claimed'

export class PortDuplex extends Duplex {
  readonly #port: MessagePort
  /** Ends the write that waits to be taken. */
  #taken: (() => void) | undefined
  /** A chunk was handed on and is not taken yet. */
  #owes = false

  constructor(port: MessagePort) {
    super()
    this.#port = port
    port.on('message', (message: PortMessage) => this.#receive(message))
    port.once('close', () => this.destroy())
    port.unref()
  }

  /** Tells the other end that its stream is in use from now on; it emits 'claimed'. */
  claim(): this {
    this.#port.postMessage('claimed' satisfies PortMessage)
    return this
  }

  #receive(message: PortMessage): void {
    if (this.destroyed) return
    switch (message) {
      case 'claimed':
        this.emit('claimed')
        return
      case 'taken': {
        const taken = this.#taken
        this.#taken = undefined
        taken?.()
        return
      }
      case 'end':
        this.push(null)
        return
      default:
        this.#owes = true
        if (this.push(Buffer.from(message.buffer, message.byteOffset, message.byteLength))) this._read()
    }
  }

  override _read(): void {
    if (!this.#owes) return
    this.#owes = false
    this.#port.postMessage('taken' satisfies PortMessage)
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#taken = done
    const bytes = Uint8Array.from(chunk)
    this.#port.postMessage(bytes satisfies PortMessage, [bytes.buffer])
  }

  override _final(done: () => void): void {
    this.#port.postMessage('end' satisfies PortMessage)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close()
    done(error)
  }
}

/**
 * Relays a caller's stream through a port, from when the other side claims it until the other side closes it. `release` gives up what was
 * not claimed. `ended`: nothing is read from or written to the stream any more.
 */
export function relayStream(stream: Duplex, port: MessagePort): { release: () => void; ended: Promise<void> } {
  const end = new PortDuplex(port)
  let isClaimed = false
  end.on('error', () => undefined)
  end.once('claimed', () => {
    isClaimed = true
    relayBetween(stream, end)
  })
  return {
    release: () => {
      if (!isClaimed) end.destroy()
    },
    // Behind the listener of the relay, which lets go of the stream.
    ended: new Promise((resolve) => end.once('close', () => queueMicrotask(resolve))),
  }
}
