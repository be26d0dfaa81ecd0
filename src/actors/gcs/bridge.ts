// The heart of a guest connection. Pure: calls and bytes in, effects out, the clock passed in; nothing here touches a socket or a timer.
//
// The host asks, the guest answers; ids start at 0 and grow by one with each request. Answers are matched by id alone. A guest may send
// exactly this: one response to each outstanding id, and notifications for registered containers. Anything else ends the connection:
// the call it answered badly fails with a ProtocolError, everything else in flight with a BridgeClosedError. A failing Result ends only
// its own call. A call whose caller gave up, or whose time ran out, stays outstanding so that its late answer is consumed.

import { BridgeClosedError, OperationTimeoutError, ProtocolError, UVMError } from '../../errors.js'
import { encodeFrame } from '../../protocol/bridge/encode.js'
import { FrameReader, type Frame } from '../../protocol/bridge/frame-reader.js'
import {
  CONTAINER_NOTIFICATION,
  direction,
  DIRECTION,
  MAX_GUEST_FRAME_BYTES,
  REQUEST_TYPE,
  type RpcName,
} from '../../protocol/bridge/header.js'
import { decodeAnswer, decodeNotification, type Answer, type ContainerNotice } from '../../protocol/bridge/messages.js'
import { hexCode } from '../../protocol/hresult.js'

export interface BridgeOptions {
  /** Milliseconds; WaitForProcess has none. */
  requestTimeoutMs: number
  /** What a request past its time costs: its own call, or the connection. */
  onRequestTimeout: 'reject' | 'close'
}

/** What the bridge wants done. */
export type BridgeEffect =
  | { do: 'write'; frame: Uint8Array }
  | { do: 'settle'; id: bigint; answer: Answer }
  | { do: 'fail'; id: bigint; error: UVMError }
  /** The answer to a call that nobody waits for any more. */
  | { do: 'late'; id: bigint; answer: Answer }
  | { do: 'notify'; notice: ContainerNotice }
  /** The connection is over; no cause when it was closed on purpose. */
  | { do: 'close'; cause?: UVMError }

interface Outstanding {
  readonly rpc: RpcName
  readonly deadlineMs: number
  abandoned: boolean
}

export class Bridge {
  readonly #options: BridgeOptions
  readonly #reader = new FrameReader({ maxFrameBytes: MAX_GUEST_FRAME_BYTES })
  readonly #outstanding = new Map<bigint, Outstanding>()
  /** Containers whose exit has not been told yet. */
  readonly #containers = new Set<string>()
  #nextId = 0n
  #closed = false

  constructor(options: BridgeOptions) {
    this.#options = options
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The id that the next request will have. */
  get nextId(): bigint {
    return this.#nextId
  }

  /** Requests without an answer, abandoned ones included. */
  get outstanding(): number {
    return this.#outstanding.size
  }

  /** Puts a request on its way. @throws {BridgeClosedError} the connection is over */
  call(rpc: RpcName, body: string, nowMs: number): { id: bigint; effects: BridgeEffect[] } {
    if (this.#closed) throw new BridgeClosedError({})
    const id = this.#nextId
    const frame = encodeFrame(REQUEST_TYPE[rpc], id, body)
    this.#nextId += 1n
    const deadlineMs = rpc === 'WaitForProcess' ? Infinity : nowMs + this.#options.requestTimeoutMs
    this.#outstanding.set(id, { rpc, deadlineMs, abandoned: false })
    return { id, effects: [{ do: 'write', frame }] }
  }

  /** The caller no longer waits; a late answer becomes a `late` effect. */
  abandon(id: bigint): void {
    const call = this.#outstanding.get(id)
    if (call !== undefined) call.abandoned = true
  }

  /** Never throws: what the guest may not send becomes a `close` effect. */
  receive(bytes: Uint8Array): BridgeEffect[] {
    const effects: BridgeEffect[] = []
    if (this.#closed) return effects
    try {
      for (const frame of this.#reader.push(bytes)) {
        effects.push(...this.#take(frame))
        if (this.#closed) break
      }
    } catch (error) {
      effects.push(...this.#fail(error))
    }
    return effects
  }

  #take(frame: Frame): BridgeEffect[] {
    switch (direction(frame.type)) {
      case DIRECTION.response:
        return this.#answer(frame)
      case DIRECTION.notification:
        return this.#notification(frame)
      default:
        throw new ProtocolError({ reason: `the guest sent a frame of the unexpected type ${hexCode(frame.type)}` })
    }
  }

  #answer(frame: Frame): BridgeEffect[] {
    const { id } = frame
    const call = this.#outstanding.get(id)
    if (call === undefined)
      throw new ProtocolError({ reason: `the guest answered the request ${id}, which is not outstanding` })
    this.#outstanding.delete(id)
    let answer: Answer
    try {
      answer = decodeAnswer(frame.payload, call.rpc)
    } catch (error) {
      // The call that was answered badly hears of it itself; the rest only that the connection is over.
      const effects = this.#fail(error)
      const own: BridgeEffect[] = call.abandoned ? [] : [{ do: 'fail', id, error: error as UVMError }]
      return [...own, ...effects]
    }
    return [call.abandoned ? { do: 'late', id, answer } : { do: 'settle', id, answer }]
  }

  #notification(frame: Frame): BridgeEffect[] {
    if (frame.type !== CONTAINER_NOTIFICATION) {
      throw new ProtocolError({ reason: `the guest sent the unknown notification ${hexCode(frame.type)}` })
    }
    const notice = decodeNotification(frame.payload)
    if (!this.#containers.delete(notice.containerId)) {
      const who = JSON.stringify(notice.containerId.slice(0, 80))
      throw new ProtocolError({ reason: `the guest notified of the container ${who}, which nobody waits for` })
    }
    return [{ do: 'notify', notice }]
  }

  /** The guest's sending side has ended. */
  end(): BridgeEffect[] {
    if (this.#closed) return []
    const where = this.#reader.end()
    if (where === 'boundary') return this.close(new BridgeClosedError({ reason: 'the guest ended the stream' }))
    return this.#fail(new ProtocolError({ reason: `the guest ended the stream inside a ${where}` }))
  }

  /** Settles what is past its time. */
  expire(nowMs: number): BridgeEffect[] {
    const effects: BridgeEffect[] = []
    for (const [id, call] of this.#outstanding) {
      if (call.abandoned || call.deadlineMs > nowMs) continue
      const timeoutMs = this.#options.requestTimeoutMs
      const error = new OperationTimeoutError({ timeoutMs, reason: `the guest did not answer ${call.rpc}` })
      if (this.#options.onRequestTimeout === 'close') return this.close(error)
      call.abandoned = true
      effects.push({ do: 'fail', id, error })
    }
    return effects
  }

  /** When `expire` has something to do next; Infinity for never. */
  nextDeadlineMs(): number {
    let next = Infinity
    for (const call of this.#outstanding.values()) {
      if (!call.abandoned && call.deadlineMs < next) next = call.deadlineMs
    }
    return next
  }

  #fail(error: unknown): BridgeEffect[] {
    return this.close(error instanceof UVMError ? error : new ProtocolError({ reason: String(error), cause: error }))
  }

  /** Ends the connection: with a cause, or on purpose. Everything in flight fails. Idempotent. */
  close(cause?: UVMError): BridgeEffect[] {
    if (this.#closed) return []
    this.#closed = true
    const why = cause === undefined ? { reason: 'it was closed on purpose' } : { cause }
    const failures = [...this.#outstanding]
      .filter(([, call]) => !call.abandoned)
      .map(([id]): BridgeEffect => ({ do: 'fail', id, error: new BridgeClosedError(why) }))
    this.#outstanding.clear()
    this.#containers.clear()
    return [...failures, cause === undefined ? { do: 'close' } : { do: 'close', cause }]
  }
}
