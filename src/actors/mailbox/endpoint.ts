// The actor's end of Comlink's wire over a MessagePort: batches are handed over on the way in and made on the way out.
//
// Our own caller numbers its calls and sends arrays; answers to numbered calls go back the same way, without Comlink. A plain Comlink client
// uses text ids and single messages, and is answered so.

import type { Endpoint } from 'comlink'
import type { MessagePort } from 'node:worker_threads'
import { toWireError } from '../../errors-wire.js'
import { endOfTurn, type Clock } from '../../native/clock.js'
import type { NoticeMessage, Transferable } from './contract.js'
import { EARLY_ANSWER_ENTRIES, NOTICE, splitAnswers, type AnswerBatch, type CallBatch } from './wire.js'

type Listener = (event: MessageEvent) => void

export interface EndpointHooks {
  /** Calls of our own caller. */
  onCalls: (batch: CallBatch) => void
  /** Once, when a message of somebody else comes while nobody listens for those. */
  onStranger: () => void
  onClose: () => void
}

export class ActorEndpoint implements Endpoint {
  readonly #port: MessagePort
  readonly #clock: Clock
  /** Absent until somebody else than our own caller has sent something: nobody does, as a rule. */
  #listeners: Set<Listener> | undefined
  readonly #hooks: EndpointHooks
  #batch: AnswerBatch = []
  #scheduled = false
  #closed = false

  constructor(port: MessagePort, clock: Clock, hooks: EndpointHooks) {
    this.#port = port
    this.#clock = clock
    this.#hooks = hooks
    port.on('message', (message: unknown) => {
      if (Array.isArray(message)) hooks.onCalls(message)
      else this.#deliver(message)
    })
    port.on('messageerror', () => this.close())
    port.once('close', () => {
      this.#closed = true
      hooks.onClose()
    })
  }

  #deliver(message: unknown): void {
    if (this.#listeners === undefined) this.#hooks.onStranger()
    for (const listener of this.#listeners ?? []) listener({ data: message, origin: '' } as MessageEvent)
  }

  addEventListener(_type: string, listener: Parameters<Endpoint['addEventListener']>[1]): void {
    ;(this.#listeners ??= new Set()).add(listener as Listener)
  }

  removeEventListener(_type: string, listener: Parameters<Endpoint['removeEventListener']>[1]): void {
    this.#listeners?.delete(listener as Listener)
  }

  /** What Comlink answers a client of its own: at once. */
  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#post(message, transfer)
  }

  answer(id: number, value: unknown): void {
    this.#enqueue(id, value)
  }

  fail(id: number, error: unknown): void {
    this.#enqueue(-id, toWireError(error))
  }

  /** Notices share the batch with answers, so that their order holds. */
  notify(notice: NoticeMessage): void {
    this.#enqueue(NOTICE, notice)
  }

  #enqueue(id: number, value: unknown): void {
    this.#batch.push(id, value)
    if (this.#batch.length >= EARLY_ANSWER_ENTRIES) {
      this.flush()
      return
    }
    if (this.#scheduled) return
    this.#scheduled = true
    endOfTurn(this.#clock, this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#scheduled = false
    this.flush()
  }

  /** Sends what waits for the end of the turn now. */
  flush(): void {
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    try {
      this.#post(batch, [])
    } catch {
      // One of them cannot be cloned: it alone must fail, and never the thread.
      for (const single of splitAnswers(batch)) this.#postSingle(single)
    }
  }

  #postSingle(single: AnswerBatch): void {
    try {
      this.#post(single, [])
    } catch (error) {
      const id = single[0] as number
      // A notice has nobody to tell.
      if (id !== NOTICE) this.#post([-Math.abs(id), toWireError(error)], [])
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
