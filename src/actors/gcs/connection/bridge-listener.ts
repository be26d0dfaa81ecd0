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
  /** Open, or about to be. */
  #listener: Promise<HvSocketListener> | undefined
  #closing: Promise<void> = Promise.resolve()

  constructor(options: BridgeListenerOptions) {
    this.#options = options
  }

  /** Opens it unless it is open, or about to be. */
  async open(): Promise<HvSocketListener> {
    await this.#closing
    this.#options.assertWanted()
    if (this.#listener === undefined) {
      const opening = this.#open()
      this.#listener = opening
      // Whoever asks again tries again.
      opening.catch(() => {
        if (this.#listener === opening) this.#listener = undefined
      })
    }
    return this.#listener
  }

  async #open(): Promise<HvSocketListener> {
    const { env, runtimeId, serviceId, assertWanted } = this.#options
    const listener = await env.transport.listen({ runtimeId, serviceId })
    try {
      assertWanted()
    } catch (error) {
      await listener.close()
      throw error
    }
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

  /** Whoever has dialled and was not accepted is turned away. One that is about to open is closed as soon as it has. */
  close(): Promise<void> {
    const opening = this.#listener
    if (opening === undefined) return this.#closing
    this.#listener = undefined
    this.#closing = opening.then(
      (listener) => {
        this.#options.env.gauges.sockets--
        return listener.close()
      },
      // It never opened; whoever asked for it hears why.
      () => undefined,
    )
    return this.#closing
  }
}
