// The guest's side of the bridge: frames in, one answer to each frame, in whatever order the handlers finish; and notifications out.
//
// A connection starts at version 0, where only NegotiateProtocol is known. A handler that finishes after the connection was replaced
// answers on the new one, under the old id; while there is none its answer is lost. Notifications wait for the next connection and are
// the first thing it brings. A header below 16 bytes ends the connection. What is too large to keep, or more than can be kept at once,
// is refused and not lost: every frame has its answer.

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import {
  CONTAINER_NOTIFICATION,
  HEADER_BYTES,
  REQUEST_TYPE,
  responseType,
  writeHeader,
  type RpcName,
} from '../../../protocol/bridge/header.js'
import { serialiseDocument } from '../../../protocol/document.js'
import { decodeRequest, integerOf, type DecodedRequest, type Document } from './decode.js'
import { AgentPanic, failureMembers, GUEST, GuestFault } from './fault.js'
import type { Gate } from './gate.js'
import { RequestReader, type RequestFrame } from './request-reader.js'

/** Largest payload kept, bytes. The real guest has no limit; ours keeps a hostile host from filling the service's memory. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
/** Payload bytes of all requests in work, and their number, beyond which new ones are refused. Ours too. */
const MAX_WORK_BYTES = 64 * 1024 * 1024
const MAX_WORK = 65_536
/** Notifications kept while there is no connection. */
const MAX_NOTIFICATIONS = 65_536

/** Serves one request; what it returns becomes members of the answer. */
export type RpcHandler = (request: Document) => Promise<Document> | Document
export type RpcHandlers = Partial<Record<RpcName, RpcHandler>>

export interface BridgeServerOptions {
  gate: Gate
  handlers: RpcHandlers
  /** The Capabilities of the handshake's answer. */
  capabilities: Document
  /** One request at a time, in order; a WaitForProcess begins in order and does not hold up what follows. */
  sequential?: boolean
  /** The handler met what the agent does not survive; nothing is answered. */
  onPanic(): void
  onAnswered(name: RpcName, request: DecodedRequest, body: Document): void
}

const VERSION = 4
const NAMES: ReadonlyMap<number, RpcName> = new Map(
  Object.entries(REQUEST_TYPE).map(([name, type]) => [type, name as RpcName]),
)

interface Connection {
  readonly stream: Duplex
  negotiated: boolean
}

/** One frame's way to its answer. */
interface Work {
  readonly frame: RequestFrame
  readonly name: RpcName | undefined
  readonly negotiated: boolean
  /** Undefined for a wait that moved here with its machine. */
  readonly connection: Connection | undefined
}

export class BridgeServer {
  readonly #options: BridgeServerOptions
  #connection: Connection | undefined
  /** Waits for processes that are not answered yet: they survive every change of the connection. */
  readonly #waits = new Set<RequestFrame>()
  #notifications: Document[] = []
  #workBytes = 0
  #works = 0
  /** Tail of the requests handled in order. */
  #order: Promise<unknown> = Promise.resolve()

  constructor(options: BridgeServerOptions) {
    this.#options = options
  }

  /** Serves a connection until it ends. Never rejects. */
  async serve(stream: Duplex): Promise<void> {
    const connection: Connection = { stream, negotiated: false }
    this.#connection = connection
    const reader = new RequestReader(MAX_PAYLOAD_BYTES)
    for (const body of this.#notifications.splice(0)) this.#sendNotification(connection, body)
    try {
      for await (const chunk of stream) {
        await this.#options.gate.pass()
        for (const frame of reader.push(chunk as Uint8Array)) this.#take(frame, connection)
        // Answers wait for a host that does not read; then its requests wait too.
        if (stream.writableNeedDrain) await drained(stream)
      }
    } catch {
      // The host broke the framing or the connection: either way it is over.
    } finally {
      if (this.#connection === connection) this.#connection = undefined
      stream.destroy()
    }
  }

  /** Drops the connection, as after a fault. */
  disconnect(): void {
    this.#connection?.stream.destroy()
  }

  /** Tells the host of a container's exit, now or first thing on the next connection. */
  notify(body: Document): void {
    const connection = this.#connection
    if (connection === undefined || connection.stream.destroyed) this.#keepNotification(body)
    else void this.#options.gate.pass().then(() => this.#sendNotification(this.#connection, body))
  }

  #keepNotification(body: Document): void {
    if (this.#notifications.length < MAX_NOTIFICATIONS) this.#notifications.push(body)
  }

  #sendNotification(connection: Connection | undefined, body: Document): void {
    if (connection === undefined || connection.stream.destroyed) {
      this.#keepNotification(body)
      return
    }
    connection.stream.write(encode(CONTAINER_NOTIFICATION, 0n, body), (error) => {
      if (error != null) this.#keepNotification(body)
    })
  }

  /** The waits that are not answered yet, and what the host was not told yet. */
  capture(): BridgeState {
    return { waits: [...this.#waits], notifications: [...this.#notifications] }
  }

  /** Goes on with the waits of a machine that moved here; they are answered under their old ids. */
  restore({ waits, notifications }: BridgeState): void {
    this.#notifications = [...notifications]
    for (const frame of waits)
      void this.#handle({ frame, name: 'WaitForProcess', negotiated: true, connection: undefined })
  }

  #take(frame: RequestFrame, connection: Connection): void {
    // The version is attached when a frame is read, not when it is handled.
    const work: Work = { frame, name: NAMES.get(frame.type), negotiated: connection.negotiated, connection }
    if (this.#options.sequential !== true) void this.#handle(work)
    else {
      const isWait = work.name === 'WaitForProcess'
      this.#order = this.#order.then(() => {
        const handled = this.#handle(work)
        return isWait ? undefined : handled
      })
    }
  }

  /** Never rejects. */
  async #handle(work: Work): Promise<void> {
    const { frame, name } = work
    const bytes = frame.payload?.byteLength ?? 0
    const request = frame.payload === undefined ? {} : decodeRequest(frame.payload)
    this.#works++
    this.#workBytes += bytes
    let body: Document
    if (name === 'WaitForProcess') this.#waits.add(frame)
    try {
      body = { Result: 0, ...(await this.#answer(work, request)) }
    } catch (error) {
      if (error instanceof AgentPanic) {
        this.#options.onPanic()
        return
      }
      body = failureMembers(error)
    } finally {
      this.#waits.delete(frame)
      this.#works--
      this.#workBytes -= bytes
    }
    await this.#options.gate.pass()
    const { Result, ...rest } = body
    const { activity } = request
    const answer = { Result, ...(activity === undefined ? {} : { ActivityId: activity }), ...rest }
    if (name !== undefined) this.#options.onAnswered(name, request, body)
    const target = this.#connection
    if (target === undefined || target.stream.destroyed) return
    target.stream.write(encode(responseType(frame.type), frame.id, answer))
  }

  async #answer({ frame, name, negotiated, connection }: Work, request: DecodedRequest): Promise<Document> {
    if (frame.payload === undefined || this.#workBytes > MAX_WORK_BYTES || this.#works > MAX_WORK) {
      throw new GuestFault(GUEST.outOfMemory, 'the guest has no memory for this request')
    }
    if (name === 'NegotiateProtocol' && !negotiated && connection !== undefined) {
      return this.#negotiate(documentOf(request), connection)
    }
    const handler = name === undefined || !negotiated ? undefined : this.#options.handlers[name]
    if (handler === undefined) {
      throw new GuestFault(GUEST.notImplemented, `bridge: function not supported, header type: ${frame.type}`)
    }
    // A stack dump is given whatever the request says.
    return handler(name === 'DumpStacks' ? {} : documentOf(request))
  }

  #negotiate(request: Document, connection: Connection): Document {
    const lowest = integerOf(request, 'MinimumVersion')
    const highest = integerOf(request, 'MaximumVersion')
    if (highest < VERSION || lowest > VERSION) {
      throw new GuestFault(GUEST.unsupportedVersion, `no common protocol version: ${lowest}..${highest}`)
    }
    connection.negotiated = true
    return { Version: VERSION, Capabilities: this.#options.capabilities }
  }
}

/** What moves with a machine. */
export interface BridgeState {
  waits: RequestFrame[]
  notifications: Document[]
}

function documentOf({ document, problem }: DecodedRequest): Document {
  if (problem !== undefined) throw problem
  return document ?? {}
}

/** A frame of the guest has no line feed behind its JSON, unlike one of the host. */
function encode(type: number, id: bigint, body: Document): Uint8Array {
  const text = Buffer.from(serialiseDocument(undefined, body))
  const frame = new Uint8Array(HEADER_BYTES + text.byteLength)
  writeHeader(frame, { type, size: frame.byteLength, id })
  frame.set(text, HEADER_BYTES)
  return frame
}

/** Until it takes more, or nothing any more. @throws {Error} it broke */
async function drained(stream: Duplex): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  try {
    await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })])
  } finally {
    // The one that did not come listens no longer.
    over.abort()
  }
}
