// The Hyper-V sockets of a VM with a built-in guest: the way out to whoever listens, as far as the VM's service table lets the guest.
//
// A VM whose document has no HvSocket has no sockets at all. A service that the table disables takes no connection, and those it had are
// cut; what has no entry goes by the defaults, which let the guest through. Descriptors say which host process may listen: here it is
// always the one that holds the VM.

import type { Duplex } from 'node:stream'
import { UnixSocketTransport } from '../../unix-socket/transport.js'
import type { HvSocketDialer } from '../../hvsocket.js'
import type { SystemHost } from '../state/live-system.js'

/** Dials whoever listens in a directory. */
export type DialIn = (directory: string) => HvSocketDialer

const dialUnix: DialIn = (directory) => new UnixSocketTransport(directory)

export class GuestSockets {
  readonly #host: SystemHost
  readonly #directoryOf: (client: string) => string | undefined
  readonly #dialIn: DialIn
  /** Open connections by service id. */
  readonly #open = new Map<string, Set<Duplex>>()

  /** @param dialIn over Unix sockets unless given */
  constructor(host: SystemHost, directoryOf: (client: string) => string | undefined, dialIn: DialIn = dialUnix) {
    this.#host = host
    this.#dialIn = dialIn
    this.#directoryOf = directoryOf
    host.onChange(() => this.#cutDisabled())
  }

  /** @throws {Error} with a `code`: EADDRNOTAVAIL no sockets, EACCES a disabled service, otherwise as connecting fails */
  async dial(serviceId: string): Promise<Duplex> {
    this.#check(serviceId)
    const stream = await this.#connect(serviceId)
    try {
      this.#check(serviceId)
    } catch (error) {
      stream.destroy()
      throw error
    }
    const streams = this.#open.get(serviceId) ?? new Set()
    this.#open.set(serviceId, streams.add(stream))
    stream.once('close', () => {
      streams.delete(stream)
      if (streams.size === 0 && this.#open.get(serviceId) === streams) this.#open.delete(serviceId)
    })
    return stream
  }

  /** Tries everyone who holds a handle on the VM: a Host that opened it later may be the one that listens. Several may share a directory. */
  async #connect(serviceId: string): Promise<Duplex> {
    let failure: unknown = problem('ECONNREFUSED', 'nobody holds this VM')
    for (const directory of new Set(this.#host.clients().map(this.#directoryOf))) {
      if (directory === undefined) continue
      try {
        return await this.#dialIn(directory).dial({ runtimeId: this.#host.model.runtimeId, serviceId })
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  #check(serviceId: string): void {
    if (this.#host.model.live.services === undefined) throw problem('EADDRNOTAVAIL', 'the VM has no sockets')
    if (this.#isDisabled(serviceId)) throw problem('EACCES', `the service ${serviceId} is disabled`)
  }

  #isDisabled(serviceId: string): boolean {
    return this.#host.model.live.services?.get(serviceId)?.Disabled === true
  }

  #cutDisabled(): void {
    for (const [serviceId, streams] of this.#open) {
      if (this.#isDisabled(serviceId)) for (const stream of streams) stream.destroy()
    }
  }
}

function problem(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
