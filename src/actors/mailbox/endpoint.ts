// The actor's end of Comlink's wire over a MessagePort: batches are taken apart on the way in and made on the way out.
//
// Our own caller numbers its calls and sends arrays, one message per turn of its event loop; answers to numbered calls go back the same
// way. A plain Comlink client uses text ids and single messages, and is answered so.

import type { Endpoint } from 'comlink'
import type { MessagePort } from 'node:worker_threads'
import type { NoticeMessage, Transferable } from './contract.js'

type Listener = (event: MessageEvent) => void

/** A message of Comlink's wire, or one of ours. */
export interface WireMessage {
  id?: number | string
  [member: string]: unknown
}

export class ActorEndpoint implements Endpoint {
  readonly #port: MessagePort
  readonly #listeners = new Set<Listener>()
  #batch: unknown[] = []
  #transfer: Transferable[] = []
  #scheduled = false
  #closed = false

  constructor(port: MessagePort, onClose: () => void) {
    this.#port = port
    port.on('message', (message: unknown) => {
      if (Array.isArray(message)) for (const one of message) this.#deliver(one)
      else this.#deliver(message)
    })
    port.on('messageerror', () => this.close())
    port.once('close', () => {
      this.#closed = true
      onClose()
    })
  }

  #deliver(message: unknown): void {
    for (const listener of this.#listeners) listener({ data: message, origin: '' } as MessageEvent)
  }

  addEventListener(_type: string, listener: Parameters<Endpoint['addEventListener']>[1]): void {
    this.#listeners.add(listener as Listener)
  }

  removeEventListener(_type: string, listener: Parameters<Endpoint['removeEventListener']>[1]): void {
    this.#listeners.delete(listener as Listener)
  }

  /** Answers: numbered ones wait for the end of the turn, others go at once. */
  postMessage(message: WireMessage, transfer: Transferable[] = []): void {
    if (typeof message.id === 'number') this.#enqueue(message, transfer)
    else this.#post(message, transfer)
  }

  /** Notices share the batch with answers, so that their order holds. */
  notify(notice: NoticeMessage): void {
    this.#enqueue(notice, [])
  }

  #enqueue(message: unknown, transfer: readonly Transferable[]): void {
    this.#batch.push(message)
    this.#transfer.push(...transfer)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.flush())
  }

  /** Sends what waits for the end of the turn now. */
  flush(): void {
    this.#scheduled = false
    if (this.#batch.length === 0) return
    const [batch, transfer] = [this.#batch, this.#transfer]
    this.#batch = []
    this.#transfer = []
    this.#post(batch, transfer)
  }

  #post(message: unknown, transfer: readonly Transferable[]): void {
    if (!this.#closed) this.#port.postMessage(message, transfer)
  }

  close(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    this.#port.close()
  }
}
