// A guest connection in action: performs the effects of the bridge on a stream, and turns calls into promises.

import type { Duplex } from 'node:stream'
import { BridgeClosedError, GuestRPCError, OverloadedError, UVMError, withContext } from '../../errors.js'
import type { Clock, Timer } from '../../native/clock.js'
import type { RpcName } from '../../protocol/bridge/header.js'
import type { Answer } from '../../protocol/bridge/messages.js'
import type { ActorCall } from '../mailbox/contract.js'
import { Bridge, type BridgeEffect, type BridgeOptions } from './bridge.js'

/** Most bytes that may wait for a guest that does not read; the calls of a healthy one are a few KiB. */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024

export interface RequestOptions {
  /** Label for errors. */
  op: string
  /** Failing results that are an answer all the same, unsigned. */
  accept?: readonly number[]
  /** Whose cancel ends the waiting. */
  call?: ActorCall
  /** Takes an answer that came when nobody waited any more. */
  onLate?: (answer: Answer) => void
}

interface Waiting {
  readonly options: RequestOptions
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: UVMError) => void
}

export interface ConnectionOptions extends BridgeOptions {
  clock: Clock
  vmId: string
  /** Once, when it is over. No cause when it was closed on purpose. */
  onClose: (cause: UVMError | undefined) => void
}

export class GuestConnection {
  readonly #stream: Duplex
  readonly #options: ConnectionOptions
  readonly #bridge: Bridge
  readonly #waiting = new Map<bigint, Waiting>()
  readonly #late = new Map<bigint, (answer: Answer) => void>()
  #timer: Timer | undefined

  constructor(stream: Duplex, options: ConnectionOptions) {
    this.#stream = stream
    this.#options = options
    this.#bridge = new Bridge(options)
    stream.on('data', (chunk: Uint8Array) => this.#perform(this.#bridge.receive(chunk)))
    stream.once('end', () => this.#perform(this.#bridge.end()))
    stream.on('error', (cause) => this.#lost(cause))
    stream.once('close', () => this.#lost(new Error('the stream closed')))
    stream.resume()
  }

  get closed(): boolean {
    return this.#bridge.closed
  }

  /** The id that the next request will have. */
  get nextId(): bigint {
    return this.#bridge.nextId
  }

  #lost(cause: Error): void {
    if (this.#bridge.closed) return
    this.#perform(this.#bridge.close(new BridgeClosedError({ reason: cause.message, cause })))
  }

  /**
   * One request and its answer.
   *
   * @throws {GuestRPCError} a failing result that is not accepted
   * @throws {BridgeClosedError} no answer will come
   * @throws {OperationTimeoutError} the request's time ran out
   * @throws {OverloadedError} the guest does not read what it was sent
   */
  async request(rpc: RpcName, body: string, options: RequestOptions): Promise<Answer> {
    const context = { op: options.op, id: this.#options.vmId }
    // A wait is small, belongs to a process that was let through, and nobody could make up for it.
    if (rpc !== 'WaitForProcess' && this.#stream.writableLength + body.length > MAX_UNREAD_BYTES) {
      throw new OverloadedError({ ...context, limit: MAX_UNREAD_BYTES, reason: 'the guest does not read its requests' })
    }
    const answer = await this.#ask(rpc, body, options).catch((error: unknown) => {
      throw error instanceof UVMError ? withContext(error, context) : error
    })
    if (answer.result === 0 || options.accept?.includes(answer.result >>> 0) === true) return answer
    const { result, errorMessage, records } = answer
    throw new GuestRPCError({ ...context, result, errorMessage, records })
  }

  #ask(rpc: RpcName, body: string, options: RequestOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { id, effects } = this.#bridge.call(rpc, body, this.#options.clock.now())
      this.#waiting.set(id, { options, resolve, reject })
      options.call?.onCancel(() => this.#abandon(id))
      this.#perform(effects)
      this.#watch()
    })
  }

  /** The caller has had its error; the late answer is made good. */
  #abandon(id: bigint): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    this.#bridge.abandon(id)
    if (waiting.options.onLate !== undefined) this.#late.set(id, waiting.options.onLate)
    waiting.reject(new BridgeClosedError({ reason: 'the caller gave up' }))
  }

  #perform(effects: BridgeEffect[]): void {
    for (const effect of effects) this.#performOne(effect)
  }

  #performOne(effect: BridgeEffect): void {
    switch (effect.do) {
      case 'write':
        this.#stream.write(effect.frame)
        return
      case 'settle':
        this.#take(effect.id)?.resolve(effect.answer)
        return
      case 'fail': {
        const waiting = this.#take(effect.id)
        const onLate = waiting?.options.onLate
        if (onLate !== undefined && !this.#bridge.closed) this.#late.set(effect.id, onLate)
        waiting?.reject(effect.error)
        return
      }
      case 'late':
        this.#late.get(effect.id)?.(effect.answer)
        this.#late.delete(effect.id)
        return
      case 'notify':
        return
      case 'close':
        this.#timer?.clear()
        this.#late.clear()
        this.#stream.destroy()
        this.#options.onClose(effect.cause)
    }
  }

  #take(id: bigint): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  /** One timer, for the request that runs out first: later requests run out later. */
  #watch(): void {
    if (this.#timer !== undefined || this.#bridge.closed) return
    const at = this.#bridge.nextDeadlineMs()
    if (at === Infinity) return
    this.#timer = this.#options.clock.after(Math.max(0, at - this.#options.clock.now()), () => {
      this.#timer = undefined
      this.#perform(this.#bridge.expire(this.#options.clock.now()))
      this.#watch()
    })
  }

  /** Ends it on purpose, or with a cause. Idempotent. */
  close(cause?: UVMError): void {
    this.#perform(this.#bridge.close(cause))
  }
}
