// Where the guest dials its bridge: one listener, open while a connection is wanted.

import type { Duplex } from 'node:stream'
import type { HvSocketListener } from '../../../native/hvsocket.js'
import type { ActorEnvironment } from '../../environment.js'

export interface BridgeListenerOptions {
  runtimeId: string
  serviceId: string
  env: Pick<ActorEnvironment, 'transport' | 'gauges'>
  /** Throws when nothing is to be listened for any more. */
  assertWanted: () => void
}

export class BridgeListener {
  readonly #options: BridgeListenerOptions
  #listener: HvSocketListener | undefined
  #closing: Promise<void> = Promise.resolve()

  constructor(options: BridgeListenerOptions) {
    this.#options = options
  }

  /** Opens it unless it is open. */
  async open(): Promise<HvSocketListener> {
    const { env, runtimeId, serviceId, assertWanted } = this.#options
    await this.#closing
    assertWanted()
    if (this.#listener !== undefined) return this.#listener
    const listener = await env.transport.listen({ runtimeId, serviceId })
    try {
      assertWanted()
    } catch (error) {
      await listener.close()
      throw error
    }
    const other = this.#listener as HvSocketListener | undefined
    if (other !== undefined) {
      await listener.close()
      return other
    }
    this.#listener = listener
    env.gauges.sockets++
    return listener
  }

  /** The next one who dials, in the order of their dialling; what it says may have been its last word. */
  async accept(signal: AbortSignal): Promise<Duplex> {
    const stream = await (await this.open()).accept(signal)
    const { gauges } = this.#options.env
    gauges.sockets++
    stream.once('close', () => gauges.sockets--)
    return stream
  }

  /** Whoever has dialled and was not accepted is turned away. */
  close(): Promise<void> {
    const listener = this.#listener
    if (listener === undefined) return this.#closing
    this.#listener = undefined
    this.#options.env.gauges.sockets--
    this.#closing = listener.close()
    return this.#closing
  }
}
