// The stream of a migration on its way to the compute service: lent to it by a call, and back with its owner when the call that ends the
// loan has answered. Two who read one stream would each get a part.

import type { Duplex } from 'node:stream'
import { HcsError, InvalidConfigError } from '../../../errors.js'
import type { Clock, Timer } from '../../../native/clock.js'
import type { Subject } from '../changes.js'
import type { RelayedSocket, VmWiring } from '../wiring.js'

/** How long a service may take to let go of what it has no use for any more, milliseconds. */
const RETURN_MS = 1_000

export class MigrationSocket {
  readonly #relaySocket: VmWiring['relaySocket']
  readonly #clock: Clock
  #lent: RelayedSocket | undefined

  constructor(relaySocket: VmWiring['relaySocket'], clock: Clock) {
    this.#relaySocket = relaySocket
    this.#clock = clock
  }

  /**
   * Runs a call on a socket handle; a stream is first made known to the service. When the call fails, the stream is the caller's again.
   *
   * @throws {InvalidConfigError} a stream, and the service takes none
   */
  async lend(subject: Subject, socket: bigint | Duplex, run: (socket: bigint) => Promise<unknown>): Promise<void> {
    if (typeof socket === 'bigint') {
      await run(socket)
      return
    }
    const relayed = this.#relaySocket?.(socket)
    if (relayed === undefined) {
      const reason = 'only the simulated service takes a stream; this provider needs the handle of a socket'
      throw new InvalidConfigError({ ...subject, path: 'socket', reason })
    }
    try {
      await run(relayed.socket)
      this.#lent = relayed
    } catch (error) {
      relayed.release()
      // What went wrong otherwise may still be under way.
      if (error instanceof HcsError) await this.#ended(relayed)
      throw error
    }
  }

  /** The migration is over: resolves when the stream is its owner's again. */
  async returned(): Promise<void> {
    const lent = this.#lent
    this.#lent = undefined
    if (lent !== undefined) await this.#ended(lent)
  }

  async #ended({ ended }: RelayedSocket): Promise<void> {
    if (ended === undefined) return
    let timer: Timer | undefined
    await Promise.race([ended, new Promise<void>((resolve) => (timer = this.#clock.after(RETURN_MS, resolve)))])
    timer?.clear()
  }
}
