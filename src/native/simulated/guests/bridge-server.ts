// The guest's side of the bridge: frames in, one answer to each frame, in whatever order the handlers finish.
//
// A connection starts at version 0, where only NegotiateProtocol is known. A handler that finishes after the connection was replaced
// answers on the new one, under the old id; while there is none its answer is lost. A header below 16 bytes, or a frame larger than
// this guest has memory for, ends the connection.

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { encodeFrame } from '../../../protocol/bridge/encode.js'
import { FrameReader, type Frame } from '../../../protocol/bridge/frame-reader.js'
import { REQUEST_TYPE, responseType, type RpcName } from '../../../protocol/bridge/header.js'
import { serialiseDocument } from '../../../protocol/document.js'
import { isGuid } from '../../../protocol/guid.js'
import { member, parseJson } from '../../../protocol/json.js'
import { decodeDocument, integerOf, type Document } from './decode.js'
import { failureMembers, GUEST, GuestFault } from './fault.js'
import type { Gate } from './gate.js'

/** Largest request taken, bytes. The real guest has no limit; ours keeps a hostile host from filling the service's memory. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024

/** Serves one request; what it returns becomes members of the answer. */
export type RpcHandler = (request: Document) => Promise<Document> | Document

export interface BridgeServerOptions {
  gate: Gate
  handlers: Partial<Record<RpcName, RpcHandler>>
  /** The Capabilities of the handshake's answer. */
  capabilities: Document
  /** One request at a time, in order, except WaitForProcess. */
  sequential?: boolean
}

const VERSION = 4
const NAMES: ReadonlyMap<number, RpcName> = new Map(
  Object.entries(REQUEST_TYPE).map(([name, type]) => [type, name as RpcName]),
)

interface Connection {
  readonly stream: Duplex
  negotiated: boolean
}

export class BridgeServer {
  readonly #options: BridgeServerOptions
  #connection: Connection | undefined
  /** Waits for processes that are not answered yet. */
  readonly #waits = new Set<Frame>()
  /** Tail of the requests handled in order. */
  #order: Promise<unknown> = Promise.resolve()

  constructor(options: BridgeServerOptions) {
    this.#options = options
  }

  /** Serves a connection until it ends. Never rejects. */
  async serve(stream: Duplex): Promise<void> {
    const connection: Connection = { stream, negotiated: false }
    this.#connection = connection
    const reader = new FrameReader({ maxFrameBytes: MAX_REQUEST_BYTES })
    try {
      for await (const chunk of stream) {
        await this.#options.gate.pass()
        for (const frame of reader.push(chunk as Uint8Array)) this.#take(frame, connection)
        // Answers wait for a host that does not read; then its requests wait too.
        if (stream.writableNeedDrain) await Promise.race([once(stream, 'drain'), once(stream, 'close')])
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

  /** The waits that are not answered yet: they survive every change of the connection. */
  capture(): Frame[] {
    return [...this.#waits]
  }

  /** Goes on with the waits of a machine that moved here; they are answered under their old ids. */
  restore(waits: Frame[]): void {
    for (const frame of waits) void this.#handle(frame, 'WaitForProcess', true, undefined)
  }

  #take(frame: Frame, connection: Connection): void {
    // The version is attached when a frame is read, not when it is handled.
    const { negotiated } = connection
    const name = NAMES.get(frame.type)
    const handle = (): Promise<void> => this.#handle(frame, name, negotiated, connection)
    if (this.#options.sequential === true && name !== 'WaitForProcess') {
      this.#order = this.#order.then(handle)
    } else void handle()
  }

  async #handle(
    frame: Frame,
    name: RpcName | undefined,
    negotiated: boolean,
    connection: Connection | undefined,
  ): Promise<void> {
    const activity = activityOf(frame.payload)
    let body: Document
    if (name === 'WaitForProcess') this.#waits.add(frame)
    try {
      body = { Result: 0, ...(await this.#answer(frame, name, negotiated, connection)) }
    } catch (error) {
      body = failureMembers(error)
    } finally {
      this.#waits.delete(frame)
    }
    await this.#options.gate.pass()
    const { Result, ...rest } = body
    const text = serialiseDocument(undefined, {
      Result,
      ...(activity === undefined ? {} : { ActivityId: activity }),
      ...rest,
    })
    const target = this.#connection
    if (target === undefined || target.stream.destroyed) return
    target.stream.write(encodeFrame(responseType(frame.type), frame.id, text))
  }

  async #answer(
    frame: Frame,
    name: RpcName | undefined,
    negotiated: boolean,
    connection: Connection | undefined,
  ): Promise<Document> {
    if (name === 'NegotiateProtocol' && !negotiated && connection !== undefined)
      return this.#negotiate(frame, connection)
    const handler = name === undefined || !negotiated ? undefined : this.#options.handlers[name]
    if (handler === undefined) {
      throw new GuestFault(GUEST.notImplemented, `bridge: function not supported, header type: ${frame.type}`)
    }
    // A stack dump is given whatever the request says.
    const request = name === 'DumpStacks' ? {} : decodeDocument(frame.payload, `the ${name} request`)
    return handler(request)
  }

  #negotiate(frame: Frame, connection: Connection): Document {
    const request = decodeDocument(frame.payload, 'the NegotiateProtocol request')
    const lowest = integerOf(request, 'MinimumVersion')
    const highest = integerOf(request, 'MaximumVersion')
    if (highest < VERSION || lowest > VERSION) {
      throw new GuestFault(GUEST.unsupportedVersion, `no common protocol version: ${lowest}..${highest}`)
    }
    connection.negotiated = true
    return { Version: VERSION, Capabilities: this.#options.capabilities }
  }
}

/** The ActivityId of a request, decoded leniently: answers echo it even when the rest is wrong. */
function activityOf(payload: Uint8Array): string | undefined {
  try {
    const activity = member(parseJson(new TextDecoder().decode(payload)), 'ActivityId')
    return isGuid(activity) ? activity.toLowerCase() : undefined
  } catch {
    return undefined
  }
}
