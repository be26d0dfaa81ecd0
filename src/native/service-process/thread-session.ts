// The service's end of one actor thread: its calls, each answered once, and the events of the handles it owns. When the thread is lost its
// handles stay and wait for another one; a handle whose making was still under way is closed, because nobody knows its token.

import { HRESULT } from '../../protocol/hresult.js'
import type { FromService, Refusal, ServiceCall, ToService } from '../remote/wire.js'
import type { FramedSocket } from './framed-socket.js'
import { Handle, type EventSink, type HandleBook } from './handles.js'
import type { HostedService } from './hosted.js'
import { readThreadMessage } from './messages.js'

/** Calls in work beyond which no more are read. */
const MAX_CALLS = 65_536

export interface SessionSurroundings {
  readonly client: string
  readonly service: HostedService
  readonly handles: HandleBook
  /** Waits for a relayed stream of this client; resolves with what the service knows it as. */
  socketOf(socket: bigint): Promise<bigint>
}

export class ThreadSession implements EventSink {
  readonly #connection: FramedSocket
  readonly #surroundings: SessionSurroundings
  readonly #streams = new Map<number, Handle>()
  #calls = 0

  constructor(connection: FramedSocket, surroundings: SessionSurroundings) {
    this.#connection = connection
    this.#surroundings = surroundings
    connection.socket.on('drain', () => this.#read())
  }

  /** @throws {MessageError} */
  receive(message: unknown): void {
    const said = readThreadMessage(message)
    if ('handled' in said) {
      const handle = this.#streams.get(said.handled)
      if (handle?.hears(this) === true) handle.handled()
      return
    }
    this.#calls++
    void this.#answer(said)
    if (this.#isFull()) this.#connection.pause()
  }

  #isFull(): boolean {
    return this.#calls >= MAX_CALLS || this.#connection.socket.writableNeedDrain
  }

  #read(): void {
    if (!this.#isFull()) this.#connection.resume()
  }

  async #answer({ number, call, events = 0 }: Exclude<ToService, { handled: number }>): Promise<void> {
    let answer: FromService
    try {
      answer = { number, ok: await this.#carryOut(call, events) }
    } catch (error) {
      answer = { number, fails: refusalOf(error) }
    }
    this.#calls--
    this.send(answer)
    this.#read()
  }

  async #carryOut(call: ServiceCall, stream: number): Promise<string> {
    const { client, service, handles } = this.#surroundings
    switch (call.do) {
      case 'create':
      case 'open': {
        const handle = new Handle(client, this, stream)
        this.#streams.set(stream, handle)
        try {
          const token = await service.carryOut(client, call, handle.deliver)
          handles.add(handle, token)
          if (this.#connection.isClosed) await this.#close(handle)
          return token
        } catch (error) {
          this.#streams.delete(stream)
          throw error
        }
      }
      case 'adopt': {
        const handle = this.#own(call.token)
        this.#streams.set(stream, handle)
        handle.adopt(this, stream)
        return call.token
      }
      case 'operate': {
        this.#own(call.token)
        const { socket } = call
        const socketThere = socket === undefined ? undefined : await this.#surroundings.socketOf(socket)
        return service.carryOut(client, { ...call, socket: socketThere }, () => undefined)
      }
      case 'close': {
        // A handle that is not open is no mistake.
        const handle = handles.find(client, call.token)
        return handle === undefined ? '' : this.#close(handle)
      }
      default:
        return service.carryOut(client, call, () => undefined)
    }
  }

  #own(token: string): Handle {
    const handle = this.#surroundings.handles.find(this.#surroundings.client, token)
    if (handle === undefined) throw Object.assign(new Error('no such handle'), { hresult: HRESULT.E_HANDLE })
    return handle
  }

  #close(handle: Handle): Promise<string> {
    const { client, service, handles } = this.#surroundings
    for (const [stream, one] of this.#streams) if (one === handle) this.#streams.delete(stream)
    handles.remove(handle)
    return service.carryOut(client, { do: 'close', token: handle.token }, () => undefined)
  }

  send(message: FromService): void {
    try {
      this.#connection.send(message)
    } catch (error) {
      // An answer that is too large for a frame is refused instead.
      if ('number' in message) this.#connection.send({ number: message.number, fails: refusalOf(error) })
    }
  }

  /** The connection is gone. */
  lost(): void {
    for (const handle of this.#streams.values()) if (handle.hears(this)) handle.orphan()
    this.#streams.clear()
  }
}

function refusalOf(error: unknown): Refusal {
  const { hresult, document, unavailable } = (error ?? {}) as Record<string, unknown>
  if (typeof hresult !== 'number') {
    const said = error instanceof Error ? error.message : String(error)
    return { hresult: HRESULT.E_UNEXPECTED, document: JSON.stringify({ ErrorMessage: said }) }
  }
  return {
    hresult,
    document: typeof document === 'string' ? document : '',
    ...(typeof unavailable === 'string' ? { unavailable } : {}),
  }
}
