// A guest connection in action: performs the effects of the bridge on a stream, and turns calls into promises.

import type { Duplex } from 'node:stream'
import { BridgeClosedError, GuestRPCError, OverloadedError, UVMError, withContext } from '../../../errors.js'
import type { Clock, Timer } from '../../../native/clock.js'
import type { Frame } from '../../../protocol/bridge/frame-reader.js'
import { HEADER_BYTES, REQUEST_TYPE, type RpcName } from '../../../protocol/bridge/header.js'
import { tracedBody, type Answer, type ContainerNotice } from '../../../protocol/bridge/messages.js'
import type { ActorCall } from '../../mailbox/contract.js'
import type { TraceContext } from '../../mailbox/trace-context.js'
import { Bridge } from './bridge.js'
import type { BridgeEffect, BridgeOptions, CallBounds, TransportState } from './bridge-contract.js'
import type { FlightRecorder } from './recorder.js'
import type { Leftovers } from './restore.js'

/** Most bytes that may wait for a guest that does not read; the calls of a healthy one are a few KiB. */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024

export interface RequestOptions extends CallBounds {
  /** Label for errors. */
  op: string
  /** What it is about, for errors; the VM unless given. */
  id?: string
  /** Failing results that are an answer all the same, unsigned. */
  accept?: readonly number[]
  /** Whose cancel ends the waiting. */
  call?: ActorCall
  /** The caller's span; that of `call` unless given. */
  trace?: TraceContext | undefined
  /** Takes an answer that came when nobody waited any more. */
  onLate?: (answer: Answer) => void
}

interface Waiting {
  readonly onLate: ((answer: Answer) => void) | undefined
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: UVMError) => void
}

export interface ConnectionOptions extends BridgeOptions {
  clock: Clock
  vmId: string
  recorder?: FlightRecorder | undefined
  onNotice: (notice: ContainerNotice) => void
  /** The transport was lost, and the connection waits for another. */
  onPark: (cause: UVMError) => void
  /** Once, when it is over. No cause when it was closed on purpose. */
  onClose: (cause: UVMError | undefined) => void
}

export class GuestConnection {
  #stream: Duplex
  readonly #options: ConnectionOptions
  readonly #bridge: Bridge
  readonly #waiting = new Map<bigint, Waiting>()
  readonly #late = new Map<bigint, (answer: Answer) => void>()
  #timer: { at: number; timer: Timer } | undefined
  /** Nothing has come on the transport that is in place. */
  #isSilent = true

  constructor(stream: Duplex, options: ConnectionOptions) {
    this.#stream = stream
    const { leftovers: _, ...own } = options
    this.#options = own
    const { recorder } = options
    const onFrame = ({ type, id, payload }: Frame, body?: Record<string, unknown>): void =>
      recorder?.received(type, id, HEADER_BYTES + payload.byteLength, body)
    this.#bridge = new Bridge(recorder === undefined ? options : { ...options, onFrame })
    this.#attach(stream)
  }

  get transport(): TransportState {
    return this.#bridge.transport
  }

  get closed(): boolean {
    return this.#bridge.closed
  }

  get migrating(): boolean {
    return this.#bridge.migrating
  }

  /** The guest has said nothing on the transport that is, or was, in place. */
  get isSilent(): boolean {
    return this.#isSilent
  }

  /** The id that the next request will have. */
  get nextId(): bigint {
    return this.#bridge.nextId
  }

  takeLeftovers(): Leftovers {
    return this.#bridge.takeLeftovers()
  }

  // -------------------------------------------------------------------------------------------------------------- stream

  /** What a stream that was replaced says no longer counts. */
  #attach(stream: Duplex): void {
    this.#isSilent = true
    const isCurrent = (): boolean => this.#stream === stream
    const lost = (cause: Error): void => {
      if (isCurrent()) this.#perform(this.#bridge.lost(new BridgeClosedError({ reason: cause.message, cause })))
    }
    stream.on('data', (chunk: Uint8Array) => {
      if (!isCurrent()) return
      this.#isSilent = false
      this.#perform(this.#bridge.receive(chunk))
    })
    stream.once('end', () => {
      if (isCurrent()) this.#perform(this.#bridge.end())
    })
    stream.on('error', lost)
    stream.once('close', () => lost(new Error('the stream closed')))
    stream.resume()
    // One that ended before it was taken says nothing any more.
    if (stream.destroyed) queueMicrotask(() => lost(new Error('the stream closed')))
  }

  /** Gives the stream up: the connection waits for another while the VM migrates or it is followed, and is over otherwise. */
  drop(cause: UVMError): void {
    this.#perform(this.#bridge.lost(cause))
  }

  /** From here on a lost transport does not end it. */
  follow(): void {
    this.#bridge.follow()
  }

  setMigrating(on: boolean): void {
    this.#perform(this.#bridge.setMigrating(on))
  }

  /** Goes on with a new stream; only the handshake may speak until `resumed`. @throws {InvalidStateError} nobody would resume it */
  resume(stream: Duplex): void {
    this.#bridge.resume()
    const old = this.#stream
    this.#stream = stream
    old.destroy()
    this.#attach(stream)
  }

  resumed(): void {
    this.#bridge.resumed()
  }

  // --------------------------------------------------------------------------------------------------------------- calls

  /**
   * One request and its answer.
   *
   * @throws {GuestRPCError} a failing result that is not accepted
   * @throws {BridgeClosedError} no answer will come
   * @throws {OperationTimeoutError} the request's time ran out
   * @throws {OverloadedError} the guest does not read what it was sent
   */
  async request(rpc: RpcName, body: string, options: RequestOptions): Promise<Answer> {
    const context = { op: options.op, id: options.id ?? this.#options.vmId }
    // A wait is small, belongs to a process that was let through, and nobody could make up for it.
    if (rpc !== 'WaitForProcess' && this.#stream.writableLength + body.length > MAX_UNREAD_BYTES) {
      throw new OverloadedError({ ...context, limit: MAX_UNREAD_BYTES, reason: 'the guest does not read its requests' })
    }
    return this.#checked(this.#ask(rpc, body, options), context, options.accept)
  }

  /** The answer of a wait that an earlier owner of a process has sent. Undefined: this connection waits for it already. */
  adoptWait(id: bigint, options: Pick<RequestOptions, 'op' | 'accept'>): Promise<Answer> | undefined {
    const { known, effects } = this.#bridge.adoptWait(id)
    if (known) return undefined
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { onLate: undefined, resolve, reject })
    })
    this.#perform(effects)
    return this.#checked(answer, { op: options.op, id: this.#options.vmId }, options.accept)
  }

  async #checked(
    asked: Promise<Answer>,
    context: { op: string; id: string },
    accept: readonly number[] = [],
  ): Promise<Answer> {
    const answer = await asked.catch((error: unknown) => {
      throw error instanceof UVMError ? withContext(error, context) : error
    })
    if (answer.result === 0 || accept.includes(answer.result >>> 0)) return answer
    const { result, errorMessage, records } = answer
    throw new GuestRPCError({ ...context, result, errorMessage, records })
  }

  #ask(rpc: RpcName, body: string, options: RequestOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      // A guest that has not negotiated knows nothing beyond the protocol proper.
      const trace = rpc === 'NegotiateProtocol' ? undefined : (options.trace ?? options.call?.trace)
      const text = trace === undefined ? body : tracedBody(body, trace)
      const { id, size, effects } = this.#bridge.call(rpc, text, this.#options.clock.now(), options)
      this.#waiting.set(id, { onLate: options.onLate, resolve, reject })
      this.#options.recorder?.sent(REQUEST_TYPE[rpc], id, size, text)
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
    if (waiting.onLate !== undefined) this.#late.set(id, waiting.onLate)
    waiting.reject(new BridgeClosedError({ reason: 'the caller gave up' }))
  }

  /** Expects a container's exit. Whether it was not expected yet. */
  register(containerId: string): boolean {
    const { added, effects } = this.#bridge.register(containerId)
    this.#perform(effects)
    return added
  }

  unregister(containerId: string): void {
    this.#bridge.unregister(containerId)
  }

  disown(containerId: string): void {
    this.#bridge.disown(containerId)
  }

  seed(nextId: bigint): void {
    this.#bridge.seed(nextId)
  }

  endRestore(): { ids: bigint[]; containers: string[] } {
    return this.#bridge.endRestore()
  }

  // ------------------------------------------------------------------------------------------------------------- effects

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
        if (waiting?.onLate !== undefined && !this.#bridge.closed) this.#late.set(effect.id, waiting.onLate)
        waiting?.reject(effect.error)
        return
      }
      case 'late':
        this.#late.get(effect.id)?.(effect.answer)
        this.#late.delete(effect.id)
        return
      case 'notify':
        this.#options.onNotice(effect.notice)
        return
      case 'park':
        this.#stream.destroy()
        this.#options.onPark(effect.cause)
        return
      case 'close':
        this.#timer?.timer.clear()
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

  /** One timer, for the request that runs out first. */
  #watch(): void {
    const at = this.#bridge.nextDeadlineMs()
    if (at === Infinity || this.#bridge.closed || (this.#timer !== undefined && this.#timer.at <= at)) return
    this.#timer?.timer.clear()
    const timer = this.#options.clock.after(Math.max(0, at - this.#options.clock.now()), () => {
      this.#timer = undefined
      this.#perform(this.#bridge.expire(this.#options.clock.now()))
      this.#watch()
    })
    this.#timer = { at, timer }
  }

  /** Ends it on purpose, or with a cause. Idempotent. */
  close(cause?: UVMError): void {
    this.#perform(this.#bridge.close(cause))
  }
}
