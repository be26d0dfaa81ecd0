// Hyper-V sockets in one thread: byte streams between the virtual threads of a Host and the guests of the simulated service. Bytes arrive
// in their order, later, in pieces of another size than they were written in.

import type { Duplex } from 'node:stream'
import { AcceptQueue, listenerClosed } from '../native/accept-queue.js'
import type { HvSocketDialer, HvSocketEndpoint, HvSocketListener, HvSocketTransport } from '../native/hvsocket.js'
import type { Delay } from './ports.js'
import type { Scheduler, VirtualThread } from './scheduler.js'
import { pairSockets, type MemorySocket } from './sockets.js'

/** As over Unix sockets. */
const BACKLOG = 16

interface Listening {
  readonly thread: VirtualThread
  readonly queue: AcceptQueue
}

export class SimulatedNetwork {
  readonly #scheduler: Scheduler
  readonly #delay: Delay
  /** By directory and address. */
  readonly #listening = new Map<string, Listening>()
  readonly #sockets = new Set<MemorySocket>()
  #count = 0
  /** Answers whether a guest's attempt to connect fails. */
  refuses: (() => boolean) | undefined

  constructor(scheduler: Scheduler, delay: Delay) {
    this.#scheduler = scheduler
    this.#delay = delay
  }

  get listeners(): number {
    return this.#listening.size
  }

  /** Sockets that are open, both ends counted. */
  get sockets(): readonly MemorySocket[] {
    return [...this.#sockets]
  }

  /** For the actors of one thread. */
  transport(thread: VirtualThread, directory: string): HvSocketTransport {
    const own = new Set<HvSocketListener>()
    return {
      listen: async (address) => {
        const key = keyOf(directory, address)
        if (this.#listening.has(key)) throw coded('EADDRINUSE', `${key} is in use`)
        const listening = { thread, queue: new AcceptQueue(BACKLOG) }
        this.#listening.set(key, listening)
        const listener = this.#listener(address, key, listening, () => own.delete(listener))
        own.add(listener)
        return listener
      },
      close: async () => {
        await Promise.all([...own].map((listener) => listener.close()))
      },
    }
  }

  #listener(address: HvSocketEndpoint, key: string, listening: Listening, onClosed: () => void): HvSocketListener {
    const close = async (): Promise<void> => {
      if (this.#listening.get(key) === listening) this.#listening.delete(key)
      listening.queue.end(listenerClosed(key))
      onClosed()
      await new Promise<void>((resolve) => listening.thread.clock.immediate(resolve))
    }
    let closing: Promise<void> | undefined
    return { address, accept: (signal) => listening.queue.accept(signal), close: () => (closing ??= close()) }
  }

  /** For the guests, who run on `thread`. */
  dialer(thread: VirtualThread, directory: string): HvSocketDialer {
    return { dial: (address) => this.#dial(thread, keyOf(directory, address)) }
  }

  #dial(thread: VirtualThread, key: string): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const attempt = this.#scheduler.lane(() => thread, `dial ${key}`)
      attempt.push(() => {
        const listening = this.#listening.get(key)
        if (listening === undefined || this.refuses?.() === true) {
          reject(coded('ECONNREFUSED', `nobody listens on ${key}`))
          return
        }
        const [guest, host] = pairSockets({
          scheduler: this.#scheduler,
          delay: this.#delay,
          name: `socket ${++this.#count} ${key}`,
          threads: [thread, listening.thread],
          onClosed: (socket) => this.#sockets.delete(socket),
        })
        this.#sockets.add(guest).add(host)
        for (const socket of [guest, host]) socket.on('error', () => undefined)
        host.announce(() => listening.queue.arrive(host))
        resolve(guest)
      }, this.#delay())
    })
  }

  /** Breaks every connection of a VM. Answers how many there were. */
  cut(runtimeId: string): number {
    const broken = this.sockets.filter(({ isNear, name }) => isNear && name.includes(`/${runtimeId}.`))
    for (const socket of broken) socket.cut()
    return broken.length
  }

  /** Its listeners are gone and its sockets are closed by the system. */
  lose(thread: VirtualThread): void {
    for (const [key, listening] of this.#listening) if (listening.thread === thread) this.#listening.delete(key)
    for (const socket of [...this.#sockets]) if (socket.thread === thread) socket.vanish()
  }
}

function keyOf(directory: string, { runtimeId, serviceId }: HvSocketEndpoint): string {
  return `${directory}/${runtimeId}.${serviceId}`
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}
