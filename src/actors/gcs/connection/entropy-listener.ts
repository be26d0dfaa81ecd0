// Boot entropy: what a Linux guest's init reads before it goes on. Nobody waits for it here; its failures are warnings.

import type { Duplex } from 'node:stream'
import { LCOW_ENTROPY_PORT, vsockServiceId } from '../../../protocol/hvsocket.js'
import type { HvSocketListener, HvSocketTransport } from '../../../native/hvsocket.js'
import type { Gauges } from '../../environment.js'

const ENTROPY_BYTES = 512

export interface EntropyListenerOptions {
  runtimeId: string
  transport: HvSocketTransport
  gauges: Gauges
  randomBytes: (count: number) => Uint8Array
  onWarning: (error: Error) => void
}

export class EntropyListener {
  readonly #options: EntropyListenerOptions
  #listener: HvSocketListener | undefined
  #socket: Duplex | undefined
  #opening: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: EntropyListenerOptions) {
    this.#options = options
  }

  /** Once. What is closed meanwhile does not stay open. @throws the listener cannot be opened */
  async open(): Promise<void> {
    const opening = this.#open()
    this.#opening = opening.catch(() => undefined)
    await opening
  }

  async #open(): Promise<void> {
    const { transport, runtimeId, gauges } = this.#options
    const listener = await transport.listen({ runtimeId, serviceId: vsockServiceId(LCOW_ENTROPY_PORT) })
    if (this.#closed) return listener.close()
    this.#listener = listener
    gauges.sockets++
    void this.#serve(listener)
  }

  /** Once: the init goes on at the end of the stream, so a second connection has nothing to wait for. */
  async #serve(listener: HvSocketListener): Promise<void> {
    const socket = await this.#accept(listener)
    await this.#drop()
    if (socket === undefined) return
    socket.end(this.#options.randomBytes(ENTROPY_BYTES))
    socket.resume()
    socket.once('end', () => socket.destroy())
  }

  /** Undefined when the listener was closed first. */
  async #accept(listener: HvSocketListener): Promise<Duplex | undefined> {
    const { gauges, onWarning } = this.#options
    let socket: Duplex
    try {
      socket = await listener.accept()
    } catch (error) {
      if (!this.#closed) onWarning(error as Error)
      return undefined
    }
    this.#socket = socket
    gauges.sockets++
    socket.once('close', () => gauges.sockets--)
    socket.on('error', (error) => {
      if (!this.#closed) onWarning(error)
    })
    return socket
  }

  async #drop(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    if (listener === undefined) return
    this.#options.gauges.sockets--
    await listener.close()
  }

  /** Then the next one may listen. */
  async close(): Promise<void> {
    this.#closed = true
    this.#socket?.destroy()
    await this.#opening
    await this.#drop()
  }
}
