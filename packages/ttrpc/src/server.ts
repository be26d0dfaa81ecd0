// The side that answers: services by their descriptors, over any connection that is a socket.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { Socket } from 'node:net'
import { encodeFrame, FrameDecoder, FrameFlag, FrameType, MAX_DATA_BYTES, type Frame } from './frame.js'
import { RequestSchema, ResponseSchema, type Request } from './generated/ttrpc_pb.js'
import { Outgoing } from './outgoing.js'
import { StatusCode, TtrpcError, type StatusName } from './status.js'

/** What a service knows of a call besides its request. */
export interface CallContext {
  /** Aborted when the caller's time is over, its connection is gone, or the server closes. */
  signal: AbortSignal
  /** First value of each key; keys in lower case, as they are compared. */
  metadata: ReadonlyMap<string, string>
}

/** An implementation of a service: its unary methods, by the names that the generated code gives them. */
export type Implementation<S extends DescService> = {
  [M in keyof S['method']]?: S['method'][M]['methodKind'] extends 'unary'
    ? (
        request: MessageShape<S['method'][M]['input']>,
        context: CallContext,
      ) => MessageInitShape<S['method'][M]['output']> | Promise<MessageInitShape<S['method'][M]['output']>>
    : never
}

export interface ServerOptions {
  /** Calls of one connection that run at once, default 1024; its reading waits for them beyond that. */
  callsPerConnection?: number
  /** Told what went wrong outside any answer: a service that threw something other than a `TtrpcError`, a peer that broke the protocol. */
  onError?: (error: Error) => void
}

interface Method {
  desc: DescMethod
  call: (request: never, context: CallContext) => unknown
}

/** The longest delay of a timer, milliseconds (24 days): a caller that has more has no hurry. */
const LONGEST_MS = 2_147_483_647

/**
 * A ttrpc server. It listens nowhere itself: `net.createServer((socket) => server.serve(socket))`. A peer that breaks the protocol loses its own
 * connection; whatever a service throws is the answer to that call.
 */
export class TtrpcServer {
  readonly #services = new Map<string, Map<string, Method>>()
  readonly #connections = new Set<ServedConnection>()
  readonly #callsPerConnection: number
  readonly #onError: (error: Error) => void
  #isClosed = false

  /** @throws RangeError when `callsPerConnection` is no whole number above 0 */
  constructor({ callsPerConnection = 1024, onError = () => undefined }: ServerOptions = {}) {
    if (!Number.isSafeInteger(callsPerConnection) || callsPerConnection < 1)
      throw new RangeError(`callsPerConnection is ${callsPerConnection}; a whole number above 0 is expected`)
    this.#callsPerConnection = callsPerConnection
    this.#onError = onError
  }

  /**
   * Adds a service. What the implementation leaves out is answered with UNIMPLEMENTED.
   *
   * @param name under which callers ask for it, when that is another than the descriptor's: one implementation may serve two versions
   * @throws TypeError when the service is there already
   */
  add<S extends DescService>(service: S, implementation: Implementation<S>, name: string = service.typeName): this {
    if (this.#services.has(name)) throw new TypeError(`the service ${name} is there already`)
    const methods = new Map<string, Method>()
    for (const desc of service.methods) {
      const call = (implementation as Record<string, Method['call'] | undefined>)[desc.localName]
      if (call !== undefined && desc.methodKind === 'unary')
        methods.set(desc.name, { desc, call: call.bind(implementation) })
    }
    this.#services.set(name, methods)
    return this
  }

  /** How many connections are served, and how many of their calls run. */
  get counts(): { connections: number; calls: number } {
    let calls = 0
    for (const connection of this.#connections) calls += connection.calls
    return { connections: this.#connections.size, calls }
  }

  /** Answers the calls of a connection until either side ends it. The socket is the server's from here on. */
  serve(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy()
      return
    }
    const connection = new ServedConnection(socket, {
      most: this.#callsPerConnection,
      find: (request) => this.#find(request),
      onError: this.#onError,
      onClose: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  /** Ends all connections; calls under way are aborted, their answers are not sent. Idempotent. */
  close(): void {
    this.#isClosed = true
    for (const connection of this.#connections) connection.close()
  }

  #find({ service, method }: Request): Method {
    const methods = this.#services.get(service)
    if (methods === undefined) throw new TtrpcError('UNIMPLEMENTED', `service ${service}`)
    const found = methods.get(method)
    if (found === undefined) throw new TtrpcError('UNIMPLEMENTED', `method ${method} of service ${service}`)
    return found
  }
}

interface Parts {
  most: number
  find: (request: Request) => Method
  onError: (error: Error) => void
  onClose: () => void
}

class ServedConnection {
  readonly #socket: Socket
  readonly #parts: Parts
  readonly #outgoing: Outgoing
  readonly #decoder = new FrameDecoder()
  readonly #running = new Set<AbortController>()
  /** Of the chunk that came last, those not taken yet. */
  #frames: Generator<Frame, void> | undefined
  #lastStreamId = 0

  constructor(socket: Socket, parts: Parts) {
    this.#socket = socket
    this.#parts = parts
    this.#outgoing = new Outgoing(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    // Who has closed its side is gone, as the protocol has it: nobody waits for answers with half a connection.
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      for (const call of this.#running) call.abort(new TtrpcError('CANCELLED', 'the connection is gone'))
      parts.onClose()
    })
  }

  get calls(): number {
    return this.#running.size
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#frames = this.#decoder.push(chunk)
    this.#pump()
  }

  /** Begins what has come, as far as there is room: a peer that asks faster than it is answered, or does not read its answers, is not read on. */
  #pump(): void {
    while (!this.#socket.destroyed) {
      if (this.#outgoing.isFull) void this.#outgoing.room().then(() => this.#pump())
      if (this.#outgoing.isFull || this.#running.size >= this.#parts.most) {
        this.#socket.pause()
        return
      }
      const next = this.#frames?.next()
      if (next === undefined || next.done === true) break
      this.#take(next.value)
    }
    this.#frames = undefined
    if (this.#socket.isPaused()) this.#socket.resume()
  }

  #take(frame: Frame): void {
    const { streamId, type, flags, data } = frame
    // Of a stream that was refused there may still be data on its way.
    if (type === FrameType.data && streamId <= this.#lastStreamId) return
    if (type !== FrameType.request) return this.#violated(`a frame of type ${type}`)
    if (streamId % 2 !== 1) return this.#violated(`a stream with the even number ${streamId}`)
    if (streamId <= this.#lastStreamId) return this.#violated(`a second stream ${streamId}`)
    this.#lastStreamId = streamId
    if (data === undefined)
      return this.#fail(
        streamId,
        'RESOURCE_EXHAUSTED',
        `a message of ${frame.length} bytes; at most ${MAX_DATA_BYTES} are allowed`,
      )
    if ((flags & (FrameFlag.remoteOpen | FrameFlag.remoteClosed)) !== 0)
      return this.#fail(streamId, 'UNIMPLEMENTED', 'streams of messages are not served')
    let request: Request
    try {
      request = fromBinary(RequestSchema, data)
    } catch {
      return this.#fail(streamId, 'INVALID_ARGUMENT', 'the frame holds no ttrpc request')
    }
    void this.#answer(streamId, request)
  }

  async #answer(streamId: number, request: Request): Promise<void> {
    const call = new AbortController()
    this.#running.add(call)
    try {
      const payload = await this.#call(request, call.signal)
      this.#send(streamId, { payload })
    } catch (error) {
      if (error instanceof TtrpcError) this.#fail(streamId, error.code, error.message)
      else {
        const { message } = error instanceof Error ? error : new Error(String(error))
        this.#fail(streamId, 'UNKNOWN', message)
        this.#parts.onError(error instanceof Error ? error : new Error(message))
      }
    } finally {
      this.#running.delete(call)
      this.#pump()
    }
  }

  async #call(request: Request, closed: AbortSignal): Promise<Uint8Array> {
    const { desc, call } = this.#parts.find(request)
    let input
    try {
      input = fromBinary(desc.input, request.payload)
    } catch (cause) {
      throw new TtrpcError('INVALID_ARGUMENT', `the payload is no ${desc.input.typeName}`, { cause })
    }
    const ms = Number(request.timeoutNano / 1_000_000n)
    const signal =
      request.timeoutNano > 0n && ms <= LONGEST_MS
        ? AbortSignal.any([closed, AbortSignal.timeout(Math.max(ms, 1))])
        : closed
    const metadata = new Map<string, string>()
    for (const { key, value } of request.metadata) {
      const lower = key.toLowerCase()
      if (!metadata.has(lower)) metadata.set(lower, value)
    }
    const output = await untilAborted(Promise.resolve(call(input as never, { signal, metadata })), signal)
    return toBinary(desc.output, create(desc.output, output as MessageInitShape<DescMessage>))
  }

  #fail(streamId: number, code: StatusName, message: string): void {
    this.#send(streamId, { status: { code: StatusCode[code], message } })
  }

  #send(streamId: number, init: MessageInitShape<typeof ResponseSchema>): void {
    const response = toBinary(ResponseSchema, create(ResponseSchema, init))
    if (response.length <= MAX_DATA_BYTES) this.#outgoing.send(encodeFrame(FrameType.response, streamId, response))
    else
      this.#fail(
        streamId,
        'RESOURCE_EXHAUSTED',
        `an answer of ${response.length} bytes; at most ${MAX_DATA_BYTES} are allowed`,
      )
  }

  #violated(what: string): void {
    this.#parts.onError(new TtrpcError('INVALID_ARGUMENT', `the peer broke the protocol: ${what}`))
    this.#socket.destroy()
  }
}

/** Whichever comes first; a service that does not heed its signal still does not hold the caller. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let give: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    give = () => {
      const isTime = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
      reject(
        new TtrpcError(
          isTime ? 'DEADLINE_EXCEEDED' : 'CANCELLED',
          isTime ? 'the time of the call is over' : 'the call was given up',
        ),
      )
    }
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (give !== undefined) signal.removeEventListener('abort', give)
  }
}
