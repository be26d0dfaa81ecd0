// The guest's other two streams to the host: boot entropy, and the log. Nobody waits for them; their failures are warnings.

import type { Duplex } from 'node:stream'
import { LCOW_ENTROPY_PORT, LCOW_LOG_PORT, vsockServiceId, WCOW_LOG_SERVICE } from '../../../protocol/hvsocket.js'
import type { HvSocketListener, HvSocketTransport } from '../../../native/hvsocket.js'
import type { Gauges } from '../../environment.js'
import type { GuestInit } from '../contract.js'
import { LogStream, type GuestLogEntry } from './guest-log.js'

/** What the guest's init reads before it goes on. */
const ENTROPY_BYTES = 512

export interface SideListenerOptions {
  init: GuestInit
  transport: HvSocketTransport
  gauges: Gauges
  randomBytes: (count: number) => Uint8Array
  onLog: (entry: GuestLogEntry) => void
  onWarning: (error: Error) => void
}

export class SideListeners {
  readonly #options: SideListenerOptions
  readonly #listeners = new Set<HvSocketListener>()
  readonly #sockets = new Set<Duplex>()
  #closed = false

  constructor(options: SideListenerOptions) {
    this.#options = options
  }

  /** Opens what the guest needs. @throws a listener that cannot be opened; none is open then */
  async open(): Promise<void> {
    const { init } = this.#options
    try {
      if (init.entropy) void this.#serveEntropy(await this.#listen(vsockServiceId(LCOW_ENTROPY_PORT)))
      if (init.log) {
        const service = init.guestOS === 'linux' ? vsockServiceId(LCOW_LOG_PORT) : WCOW_LOG_SERVICE
        void this.#serveLog(await this.#listen(service))
      }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async #listen(serviceId: string): Promise<HvSocketListener> {
    const { transport, init, gauges } = this.#options
    const listener = await transport.listen({ runtimeId: init.runtimeId, serviceId })
    this.#listeners.add(listener)
    gauges.sockets++
    return listener
  }

  async #drop(listener: HvSocketListener): Promise<void> {
    if (!this.#listeners.delete(listener)) return
    this.#options.gauges.sockets--
    await listener.close()
  }

  /** The next connection; undefined when the listener was closed first. */
  async #accept(listener: HvSocketListener): Promise<Duplex | undefined> {
    let socket: Duplex
    try {
      socket = await listener.accept()
    } catch (error) {
      if (!this.#closed) this.#options.onWarning(error as Error)
      return undefined
    }
    this.#sockets.add(socket)
    this.#options.gauges.sockets++
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#options.gauges.sockets--
    })
    socket.on('error', (error) => {
      if (!this.#closed) this.#options.onWarning(error)
    })
    return socket
  }

  /** Once: the init goes on at the end of the stream, so a second connection has nothing to wait for. */
  async #serveEntropy(listener: HvSocketListener): Promise<void> {
    const socket = await this.#accept(listener)
    await this.#drop(listener)
    if (socket === undefined) return
    socket.end(this.#options.randomBytes(ENTROPY_BYTES))
    socket.resume()
    socket.once('end', () => socket.destroy())
  }

  /** A Linux guest connects once; the Windows log service comes again after a disconnect, one at a time. */
  async #serveLog(listener: HvSocketListener): Promise<void> {
    const isLinux = this.#options.init.guestOS === 'linux'
    do {
      const socket = await this.#accept(listener)
      if (isLinux) await this.#drop(listener)
      if (socket === undefined) return
      await this.#readLog(socket)
    } while (!isLinux && !this.#closed)
  }

  async #readLog(socket: Duplex): Promise<void> {
    const log = new LogStream()
    try {
      // Without destroyOnReturn: false a regular end, with our own side still open, would count as an abort.
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        for (const entry of log.push(chunk as Uint8Array)) this.#options.onLog(entry)
      }
    } catch {
      // A log that breaks off is a log that has ended.
    }
    const last = log.end()
    if (last !== undefined) this.#options.onLog(last)
    socket.destroy()
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([...this.#listeners].map((listener) => this.#drop(listener)))
  }
}
