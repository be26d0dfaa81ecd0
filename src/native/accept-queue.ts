// Connections and those who wait for one, in order of arrival: what every listener has in front of its socket.

import type { Duplex } from 'node:stream'

interface Waiting {
  readonly resolve: (stream: Duplex) => void
  readonly reject: (error: Error) => void
}

export class AcceptQueue {
  readonly #arrived: Duplex[] = []
  readonly #waiting: Waiting[] = []
  readonly #limit: number
  #ended: Error | undefined

  /** @param limit connections held for nobody in particular; those beyond it are destroyed */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Accepts that wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  arrive(stream: Duplex): void {
    // Whoever takes it over listens for errors; until then one must not end the process.
    stream.on('error', () => undefined)
    const next = this.#waiting.shift()
    if (next !== undefined) next.resolve(stream)
    else if (this.#ended !== undefined || this.#arrived.length >= this.#limit) stream.destroy()
    else this.#arrived.push(stream)
  }

  /** The accept that waits longest fails; no other does. */
  failOne(error: Error): void {
    this.#waiting.shift()?.reject(error)
  }

  /** Rejects with the signal's reason when that ends the waiting, and with why the queue ended. */
  accept(signal: AbortSignal | undefined): Promise<Duplex> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
    let stream = this.#arrived.shift()
    // Who gave up before we came to it is no connection.
    while (stream?.destroyed === true) stream = this.#arrived.shift()
    if (stream !== undefined) return Promise.resolve(stream)
    return new Promise((resolve, reject) => {
      const leave = (): void => signal?.removeEventListener('abort', onAbort)
      const waiting: Waiting = {
        resolve: (value) => {
          leave()
          resolve(value)
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      }
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal?.reason as Error)
      }
      this.#waiting.push(waiting)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Accepts reject from now on; what arrived and nobody took is destroyed. The first reason stays. */
  end(reason: Error): void {
    this.#ended ??= reason
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended)
    for (const stream of this.#arrived.splice(0)) stream.destroy()
  }
}

/** What accepts of a closed listener reject with. */
export function listenerClosed(name: string): Error {
  return Object.assign(new Error(`the listener on ${name} was closed`), { code: 'ERR_SERVER_CLOSED' })
}
