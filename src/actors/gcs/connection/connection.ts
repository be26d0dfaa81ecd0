// A guest connection in action: performs the effects of the bridge on a stream, and turns calls into promises.

import type { Duplex } from 'node:stream'
import { BridgeClosedError, GuestRPCError, OverloadedError, UVMError, withContext } from '../../../errors.js'
import { endOfTurn, type Clock, type Timer } from '../../../native/clock.js'
import type { Frame } from '../../../protocol/bridge/frame-reader.js'
import { HEADER_BYTES, REQUEST_TYPE, type RpcName } from '../../../protocol/bridge/header.js'
import { tracedBody, type Answer, type ContainerNotice } from '../../../protocol/bridge/messages.js'
import { PLAIN_REQUESTS } from '../../../protocol/bridge/scrub.js'
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

/** Bytes of requests that go out without waiting for the end of the turn: what a socket takes in one go. */
const EARLY_BYTES = 64 * 1024

/** Up to so many requests on their way the first of a turn goes out with the turn; beyond, a round of the event loop gathers more. */
const FEW_OUTSTANDING = 8

/** Who waits for an answer. */
class Waiting implements CallBounds {
  readonly timeoutMs: number | undefined
  readonly handshake: boolean
  outlives: boolean
  isSettled = false

  constructor(
    readonly options: RequestOptions,
    private readonly vmId: string,
    private readonly resolve: (answer: Answer) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.timeoutMs = options.timeoutMs
    this.handshake = options.handshake === true
    this.outlives = options.outlives === true
  }

  get context(): { op: string; id: string } {
    return { op: this.options.op, id: this.options.id ?? this.vmId }
  }

  answer(answer: Answer): void {
    if (this.isSettled) return
    this.isSettled = true
    const { result } = answer
    if (result === 0 || this.options.accept?.includes(result >>> 0) === true) return this.resolve(answer)
    const { errorMessage, records } = answer
    this.reject(new GuestRPCError({ ...this.context, result, errorMessage, records: [...records] }))
  }

  fail(error: UVMError): void {
    if (this.isSettled) return
    this.isSettled = true
    // The connection may end by the same error, and is told of it first, without what this call was about.
    queueMicrotask(() => this.reject(withContext(error, this.context)))
  }
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
  #isFlushing = false
  #timer: { at: number; timer: Timer } | undefined
  /** When the bytes came that are being looked at. */
  #heardMs = 0
  /** Nothing has come on the transport that is in place. */
  #isSilent = true

  constructor(stream: Duplex, options: ConnectionOptions) {
    this.#stream = stream
    const { leftovers: _, ...own } = options
    this.#options = own
    const { recorder } = options
    const onFrame = ({ type, id, payload }: Frame, text?: string): void =>
      recorder?.received(this.#heardMs, type, id, HEADER_BYTES + payload.byteLength, text)
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
    const { clock, recorder } = this.#options
    this.#isSilent = true
    const isCurrent = (): boolean => this.#stream === stream
    const lost = (cause: Error): void => {
      if (isCurrent()) this.#perform(this.#bridge.lost(new BridgeClosedError({ reason: cause.message, cause })))
    }
    stream.on('data', (chunk: Uint8Array) => {
      if (!isCurrent()) return
      this.#isSilent = false
      if (recorder !== undefined) this.#heardMs = clock.now()
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
  request(rpc: RpcName, body: string, options: RequestOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#ask(rpc, body, new Waiting(options, this.#options.vmId, resolve, reject))
    })
  }

  /** The answer of a wait that an earlier owner of a process has sent. Undefined: this connection waits for it already. */
  adoptWait(id: bigint, options: Pick<RequestOptions, 'op' | 'accept'>): Promise<Answer> | undefined {
    const { promise, waiting } = this.#newWaiting(options)
    const { known, effects } = this.#bridge.adoptWait(id, waiting)
    this.#perform(effects)
    return known ? undefined : promise
  }

  #newWaiting(options: RequestOptions): { promise: Promise<Answer>; waiting: Waiting } {
    let waiting: Waiting | undefined
    const promise = new Promise<Answer>((resolve, reject) => {
      waiting = new Waiting(options, this.#options.vmId, resolve, reject)
    })
    return { promise, waiting: waiting! }
  }

  #ask(rpc: RpcName, body: string, waiting: Waiting): void {
    const { clock, recorder } = this.#options
    const { options } = waiting
    // A guest that has not negotiated knows nothing beyond the protocol proper.
    const trace = rpc === 'NegotiateProtocol' ? undefined : (options.trace ?? options.call?.trace)
    const text = trace === undefined ? body : tracedBody(body, trace)
    // A wait is small, belongs to a process that was let through, and nobody could make up for it.
    const unread = this.#stream.writableLength + this.#bridge.unwritten
    if (rpc !== 'WaitForProcess' && unread + text.length > MAX_UNREAD_BYTES) {
      const reason = 'the guest does not read its requests'
      throw new OverloadedError({ ...waiting.context, limit: MAX_UNREAD_BYTES, reason })
    }
    const nowMs = clock.now()
    const { id, size, deadlineMs } = this.#call(rpc, text, nowMs, waiting)
    recorder?.sent(nowMs, REQUEST_TYPE[rpc], id, size, text, trace === undefined && PLAIN_REQUESTS.has(rpc))
    options.call?.onCancel(() => {
      this.#bridge.abandon(id)
      waiting.fail(new BridgeClosedError({ reason: 'the caller gave up' }))
    })
    this.#write()
    this.#watch(deadlineMs, nowMs)
  }

  #call(rpc: RpcName, text: string, nowMs: number, waiting: Waiting): ReturnType<Bridge['call']> {
    try {
      return this.#bridge.call(rpc, text, nowMs, waiting)
    } catch (error) {
      throw error instanceof UVMError ? withContext(error, waiting.context) : error
    }
  }

  // --------------------------------------------------------------------------------------------------------------- writing

  /** What a turn has to say goes out in one write. */
  #write(): void {
    if (this.#bridge.unwritten >= EARLY_BYTES) {
      this.#flush()
      return
    }
    if (this.#isFlushing) return
    this.#isFlushing = true
    const flush = (): void => {
      this.#isFlushing = false
      this.#flush()
    }
    if (this.#bridge.outstanding <= FEW_OUTSTANDING) endOfTurn(this.#options.clock, flush)
    else this.#options.clock.immediate(flush)
  }

  #flush(): void {
    const bytes = this.#bridge.takeWritten()
    if (bytes !== undefined) this.#stream.write(bytes)
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
      case 'settle':
        ;(effect.bounds as Waiting).answer(effect.answer)
        return
      case 'fail':
        ;(effect.bounds as Waiting).fail(effect.error)
        return
      case 'late':
        // The caller has had its error; the late answer is made good.
        ;(effect.bounds as Waiting).options.onLate?.(effect.answer)
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
        this.#stream.destroy()
        this.#options.onClose(effect.cause)
    }
  }

  /** One timer, for the request that runs out first, or one that did not. */
  #watch(deadlineMs: number, nowMs: number): void {
    if (deadlineMs === Infinity || this.#bridge.closed || (this.#timer !== undefined && this.#timer.at <= deadlineMs)) {
      return
    }
    const { clock } = this.#options
    this.#timer?.timer.clear()
    const timer = clock.after(Math.max(0, deadlineMs - nowMs), () => {
      this.#timer = undefined
      this.#perform(this.#bridge.expire(clock.now()))
      this.#watch(this.#bridge.nextDeadlineMs(), clock.now())
    })
    this.#timer = { at: deadlineMs, timer }
  }

  /** Ends it on purpose, or with a cause. Idempotent. */
  close(cause?: UVMError): void {
    // What was asked before is still said.
    this.#flush()
    this.#perform(this.#bridge.close(cause))
  }
}
