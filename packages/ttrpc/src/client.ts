// The side that asks: calls over one connection, any number at once.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { DescMethodUnary, DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { connect, type Socket } from 'node:net'
import { encodeFrame, FrameDecoder, FrameType, MAX_DATA_BYTES, type Frame } from './frame.js'
import { RequestSchema, ResponseSchema } from './generated/ttrpc_pb.js'
import { Outgoing } from './outgoing.js'
import { statusName, TtrpcError } from './status.js'

export interface CallOptions {
  /** Milliseconds above 0, at most 2^31 - 1; the other side is told. Default: none. */
  timeoutMs?: number
  signal?: AbortSignal
  metadata?: Readonly<Record<string, string>>
}

interface Outstanding {
  resolve: (payload: Uint8Array) => void
  reject: (error: TtrpcError) => void
}

export class TtrpcClient {
  readonly #socket: Socket
  readonly #outgoing: Outgoing
  readonly #decoder = new FrameDecoder()
  readonly #outstanding = new Map<number, Outstanding>()
  readonly #closed: Promise<void>
  #nextId = 1
  #why = 'the connection was closed'

  /** Connects to a Unix socket, or a named pipe. Rejects with a `TtrpcError` UNAVAILABLE that names the path. */
  static connect(path: string, { signal }: { signal?: AbortSignal } = {}): Promise<TtrpcClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path, ...(signal === undefined ? {} : { signal }) })
      const failed = (cause: Error): void =>
        reject(new TtrpcError('UNAVAILABLE', `cannot connect to ${path}: ${cause.message}`, { cause }))
      socket.once('error', failed)
      socket.once('connect', () => {
        socket.off('error', failed)
        resolve(new TtrpcClient(socket))
      })
    })
  }

  /** @param socket connected; it is the client's from here on */
  constructor(socket: Socket) {
    this.#socket = socket
    this.#outgoing = new Outgoing(socket)
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#decoder.push(chunk)) this.#take(frame)
    })
    socket.on('error', (error) => (this.#why = error.message))
    socket.on('end', () => {
      this.#why = this.#decoder.isBetweenFrames ? 'the other side closed it' : 'it ended within a frame'
    })
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.once('close', () => {
      for (const { reject } of this.#outstanding.values())
        reject(
          new TtrpcError('UNAVAILABLE', `the connection is gone: ${this.#why}; what became of the call is unknown`),
        )
      this.#outstanding.clear()
    })
  }

  /** Resolves once the connection is gone, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed
  }

  /** Calls without an answer yet. */
  get outstanding(): number {
    return this.#outstanding.size
  }

  /**
   * One call. Rejects with a `TtrpcError`: what the service answered, or UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED.
   *
   * @param service name under which it is asked for, when that is another than the descriptor's
   */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    { timeoutMs, signal, metadata = {} }: CallOptions = {},
    service: string = method.parent.typeName,
  ): Promise<MessageShape<O>> {
    if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs < 2 ** 31))
      throw new TtrpcError('INVALID_ARGUMENT', `timeoutMs is ${timeoutMs}; above 0 and below 2^31 is expected`)
    const data = toBinary(
      RequestSchema,
      create(RequestSchema, {
        service,
        method: method.name,
        payload: toBinary(method.input, create(method.input, request)),
        timeoutNano: timeoutMs === undefined ? 0n : BigInt(Math.ceil(timeoutMs * 1e6)),
        metadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      }),
    )
    if (data.length > MAX_DATA_BYTES)
      throw new TtrpcError(
        'RESOURCE_EXHAUSTED',
        `a request of ${data.length} bytes; at most ${MAX_DATA_BYTES} are allowed`,
      )
    const payload = await this.#ask(data, `${service}/${method.name}`, timeoutMs, signal)
    try {
      return fromBinary(method.output, payload)
    } catch (cause) {
      throw new TtrpcError('INTERNAL', `the answer to ${method.name} is no ${method.output.typeName}`, { cause })
    }
  }

  /** Ends the connection; calls under way reject with UNAVAILABLE. Idempotent. */
  async close(): Promise<void> {
    this.#why = 'it was closed here'
    this.#socket.destroy()
    await this.#closed
  }

  async #ask(data: Uint8Array, what: string, timeoutMs?: number, signal?: AbortSignal): Promise<Uint8Array> {
    await this.#outgoing.room()
    if (signal?.aborted === true)
      throw new TtrpcError('CANCELLED', `${what} was given up before it was sent`, { cause: signal.reason })
    if (!this.#socket.writable) throw new TtrpcError('UNAVAILABLE', `the connection is gone: ${this.#why}`)
    if (this.#nextId > 0xffff_ffff)
      throw new TtrpcError('RESOURCE_EXHAUSTED', 'the connection has no stream number left')
    const id = this.#nextId
    this.#nextId += 2
    const limits = [
      ...(signal === undefined ? [] : [signal]),
      ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(Math.ceil(timeoutMs))]),
    ]
    const limit = limits.length > 1 ? AbortSignal.any(limits) : limits[0]
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#outstanding.delete(id)
        reject(
          signal?.aborted === true
            ? new TtrpcError('CANCELLED', `${what} was given up; what became of it is unknown`, {
                cause: signal.reason,
              })
            : new TtrpcError(
                'DEADLINE_EXCEEDED',
                `${what}: no answer within ${timeoutMs} ms; what became of it is unknown`,
              ),
        )
      }
      limit?.addEventListener('abort', giveUp, { once: true })
      const settled = (): void => limit?.removeEventListener('abort', giveUp)
      this.#outstanding.set(id, {
        resolve: (payload) => {
          settled()
          resolve(payload)
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      })
      this.#outgoing.send(encodeFrame(FrameType.request, id, data))
    })
  }

  #take({ type, streamId, data }: Frame): void {
    // Also the answer to a call that was given up.
    const call = this.#outstanding.get(streamId)
    if (type !== FrameType.response || call === undefined) return
    this.#outstanding.delete(streamId)
    if (data === undefined)
      return call.reject(new TtrpcError('RESOURCE_EXHAUSTED', 'the answer is longer than allowed'))
    try {
      const { status, payload } = fromBinary(ResponseSchema, data)
      if (status === undefined || status.code === 0) call.resolve(payload)
      else call.reject(new TtrpcError(statusName(status.code), status.message))
    } catch (cause) {
      call.reject(new TtrpcError('INTERNAL', 'the frame holds no ttrpc response', { cause }))
    }
  }
}
