// The open handles of a service process: whose each is, which connection hears of its events, and the events that nobody has handled yet.
// A handle whose connection is lost keeps them for whoever adopts it.

import { HCS_EVENT, type HcsEvent } from '../hcs.js'
import type { FromService } from '../remote/wire.js'

/** Events kept for one handle; beyond them the oldest is dropped, an exit never. */
const MAX_EVENTS = 4096

/** Where events go. */
export interface EventSink {
  send(message: FromService): void
}

export class Handle {
  /** '' until the service has answered. */
  token = ''
  readonly client: string
  #sink: EventSink | undefined
  #stream: number
  readonly #unhandled: HcsEvent[] = []
  #isOver = false

  constructor(client: string, sink: EventSink, stream: number) {
    this.client = client
    this.#sink = sink
    this.#stream = stream
  }

  readonly deliver = (event: HcsEvent): void => {
    if (this.#isOver) return
    this.#unhandled.push(event)
    if (this.#unhandled.length > MAX_EVENTS) {
      const oldest = this.#unhandled.findIndex(({ type }) => type !== HCS_EVENT.systemExited)
      this.#unhandled.splice(Math.max(oldest, 0), 1)
    }
    this.#sink?.send({ events: this.#stream, event })
  }

  /** Events go to `sink` from here on, those first that nobody has handled. */
  adopt(sink: EventSink, stream: number): void {
    this.#sink = sink
    this.#stream = stream
    for (const event of this.#unhandled) sink.send({ events: stream, event })
  }

  hears(sink: EventSink): boolean {
    return this.#sink === sink
  }

  /** The oldest event was handled. */
  handled(): void {
    this.#unhandled.shift()
  }

  /** The connection is gone; events wait. */
  orphan(): void {
    this.#sink = undefined
  }

  /** Its close has begun: nothing is told from here on. */
  end(): void {
    this.#isOver = true
    this.#sink = undefined
    this.#unhandled.length = 0
  }
}

export class HandleBook {
  readonly #handles = new Map<string, Handle>()

  add(handle: Handle, token: string): void {
    handle.token = token
    this.#handles.set(token, handle)
  }

  /** A token means something to its own client only. */
  find(client: string, token: string): Handle | undefined {
    const handle = this.#handles.get(token)
    return handle?.client === client ? handle : undefined
  }

  remove(handle: Handle): void {
    handle.end()
    this.#handles.delete(handle.token)
  }

  leave(client: string): void {
    for (const handle of this.#handles.values()) if (handle.client === client) this.remove(handle)
  }
}
