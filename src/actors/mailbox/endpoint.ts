// The actor's end of Comlink's wire over a MessagePort: batches are taken apart on the way in and made on the way out.
//
// Our own caller numbers its calls and sends arrays; answers to numbered calls go back the same way. A plain Comlink client uses text
// ids and single messages, and is answered so.

import type { Endpoint } from 'comlink'
import type { MessagePort } from 'node:worker_threads'
import { toWireError } from '../../errors-wire.js'
import type { Clock } from '../../native/clock.js'
import type { NoticeMessage, Transferable } from './contract.js'
import { EARLY_ANSWER_ENTRIES, NOTICE, splitAnswers, unpackCalls, type AnswerBatch, type WireMessage } from './wire.js'

type Listener = (event: MessageEvent) => void

export class ActorEndpoint implements Endpoint {
  readonly #port: MessagePort
  readonly #clock: Clock
  readonly #listeners = new Set<Listener>()
  #batch: AnswerBatch = []
  #transfer: Transferable[] = []
  #scheduled = false
  #closed = false

  constructor(port: MessagePort, clock: Clock, onClose: () => void) {
    this.#port = port
    this.#clock = clock
    port.on('message', (message: unknown) => {
      if (Array.isArray(message)) unpackCalls(message, (call) => this.#deliver(call))
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

  /** Answers: numbered ones wait for the end of the turn or for company, others go at once. */
  postMessage(message: WireMessage, transfer: Transferable[] = []): void {
    const { id, type, value } = message
    if (typeof id === 'number') this.#enqueue(id, type === 'RAW' ? value : undefined, transfer)
    else this.#post(message, transfer)
  }

  /** Notices share the batch with answers, so that their order holds. */
  notify(notice: NoticeMessage): void {
    this.#enqueue(NOTICE, notice, [])
  }

  #enqueue(id: number, value: unknown, transfer: readonly Transferable[]): void {
    this.#batch.push(id, value)
    if (transfer.length > 0) this.#transfer.push(...transfer)
    if (this.#batch.length >= EARLY_ANSWER_ENTRIES) {
      this.flush()
      return
    }
    if (this.#scheduled) return
    this.#scheduled = true
    this.#clock.immediate(() => {
      this.#scheduled = false
      this.flush()
    })
  }

  /** Sends what waits for the end of the turn now. */
  flush(): void {
    if (this.#batch.length === 0) return
    const [batch, transfer] = [this.#batch, this.#transfer]
    this.#batch = []
    this.#transfer = []
    try {
      this.#post(batch, transfer)
    } catch {
      // One of them cannot be cloned: it alone must fail, and never the thread.
      for (const single of splitAnswers(batch)) this.#postSingle(single)
    }
  }

  #postSingle(single: AnswerBatch): void {
    try {
      this.#post(single, [])
    } catch (error) {
      // A notice has nobody to tell.
      if (single[0] !== NOTICE) this.#post([single[0], { error: toWireError(error) }], [])
    }
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
