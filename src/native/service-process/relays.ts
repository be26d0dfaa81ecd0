// Streams that clients relay to the service, for migrations: each arrives on a connection of its own and can be taken once. A call may
// name one before its connection has come.

import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.js'
import type { FramedSocket } from './framed-socket.js'
import { RELAYED_FROM } from './messages.js'

/** How long a call waits for the stream it names, milliseconds. */
const ARRIVAL_MS = 10_000
/** What the service is given for a number that names nothing: it is told so when it asks. */
const NOBODY = 0n

interface Relay {
  readonly client: string
  readonly connection: FramedSocket
}

export class Relays {
  readonly #clock: Clock
  readonly #relays = new Map<bigint, Relay>()
  /** Numbers of the service by client and number of the client. */
  readonly #numbers = new Map<string, bigint>()
  readonly #awaited = new Map<string, Set<(socket: bigint) => void>>()
  #next = 1n

  constructor(clock: Clock) {
    this.#clock = clock
  }

  arrive(client: string, socket: string, connection: FramedSocket): void {
    const key = `${client} ${socket}`
    if (this.#numbers.has(key)) return connection.close(new Error('this stream is there already'))
    const number = this.#next++
    this.#relays.set(number, { client, connection })
    this.#numbers.set(key, number)
    connection.open({
      // Nothing is said before it was taken.
      onMessage: () => connection.close(new Error('a stream that was not taken says nothing')),
      onClose: () => {
        this.#relays.delete(number)
        this.#numbers.delete(key)
      },
    })
    for (const resolve of this.#awaited.get(key) ?? []) resolve(number)
    this.#awaited.delete(key)
  }

  /** What the service knows a stream of this client as. */
  numberOf(client: string, socket: bigint): Promise<bigint> {
    const key = `${client} ${socket}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return Promise.resolve(known)
    if (socket < RELAYED_FROM) return Promise.resolve(NOBODY)
    return new Promise((resolve) => {
      const waiting = this.#awaited.get(key) ?? new Set()
      this.#awaited.set(key, waiting.add(arrived))
      const timer = this.#clock.after(ARRIVAL_MS, () => {
        waiting.delete(arrived)
        if (waiting.size === 0) this.#awaited.delete(key)
        resolve(NOBODY)
      })
      function arrived(number: bigint): void {
        timer.clear()
        resolve(number)
      }
    })
  }

  take(socket: bigint): Duplex | undefined {
    const relay = this.#relays.get(socket)
    if (relay === undefined) return undefined
    this.#relays.delete(socket)
    relay.connection.send({ claimed: true })
    const stream = relay.connection.toRaw()
    stream.on('error', () => undefined)
    stream.once('close', () => {
      for (const [key, number] of this.#numbers) if (number === socket) this.#numbers.delete(key)
    })
    return stream
  }

  /** The client is gone: what was not taken ends; the rest ends with its VM. */
  leave(client: string): void {
    for (const { client: owner, connection } of this.#relays.values()) if (owner === client) connection.close()
  }
}
