// Hyper-V sockets: AF_HYPERV of Windows, and by the same code AF_VSOCK of Linux. Sockets are opened, accepted and connected by the
// acceptor thread; here they become Node.js streams, driven by libuv without any polling.

import type { Duplex } from 'node:stream'
import { AcceptQueue, listenerClosed } from '../accept-queue.js'
import type { Clock } from '../clock.js'
import type { HvSocketEndpoint, HvSocketDialer, HvSocketListener, HvSocketTransport } from '../hvsocket.js'
import { AcceptorClient, refusal, type RemoteListener } from './acceptor-client.js'
import type { AcceptorLink } from './acceptor.js'
import type { Addressing } from './addressing.js'
import type { SocketCalls } from './calls.js'
import { loadSocketCalls } from './load-calls.js'
import { SocketError } from './errors.js'

export interface DialOptions {
  /** Milliseconds for each attempt, 1 to 300,000; default 30,000. */
  connectTimeoutMs?: number
  /** Attempts after the first, for as long as the VM is there and its service is not; default 0. */
  retries?: number
  /** Milliseconds between attempts, default 100. */
  retryWaitMs?: number
  signal?: AbortSignal
}

const CONNECT_TIMEOUT_MS = 30_000
const RETRY_WAIT_MS = 100

/** What accepts that nobody waits for any more may bring; there are no others. */
const HELD = Infinity

function nameOf({ runtimeId, serviceId }: HvSocketEndpoint): string {
  return `${runtimeId}:${serviceId}`
}

class Listener implements HvSocketListener {
  readonly #queue = new AcceptQueue(HELD)
  /** Connections asked for that have not come. */
  #asked = 0
  #remote: RemoteListener | undefined
  #closing: Promise<void> | undefined

  constructor(
    readonly address: HvSocketEndpoint,
    private readonly onClosed: () => void,
  ) {}

  async open(client: AcceptorClient, addressing: Addressing): Promise<void> {
    this.#remote = await client.listen(addressing.listener(this.address), nameOf(this.address), {
      arrived: (stream) => {
        this.#asked--
        this.#queue.arrive(stream)
      },
      missed: (error) => {
        this.#asked--
        this.#queue.failOne(error)
      },
      failed: (error) => this.#queue.end(error),
    })
  }

  accept(signal?: AbortSignal): Promise<Duplex> {
    const accepted = this.#queue.accept(signal)
    // An accept that was given up leaves what it asked for to the next one.
    while (this.#asked < this.#queue.waiting) {
      this.#asked++
      this.#remote?.accept()
    }
    return accepted
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#queue.end(listenerClosed(nameOf(this.address)))
    await this.#remote?.close()
    this.onClosed()
  }
}

export class HyperVSocketTransport implements HvSocketTransport, HvSocketDialer {
  readonly #client: AcceptorClient
  readonly #addressing: Addressing
  readonly #clock: Clock
  readonly #listeners = new Set<Listener>()
  readonly #closed = new AbortController()

  /** `calls` are those of the addressing's library. */
  constructor(link: AcceptorLink, addressing: Addressing, calls: SocketCalls, clock: Clock) {
    this.#client = new AcceptorClient(link, calls)
    this.#addressing = addressing
    this.#clock = clock
  }

  /** Loads what it needs in this thread. */
  static async open(link: AcceptorLink, addressing: Addressing, clock: Clock): Promise<HyperVSocketTransport> {
    return new HyperVSocketTransport(link, addressing, await loadSocketCalls(link.library), clock)
  }

  async listen(address: HvSocketEndpoint): Promise<HvSocketListener> {
    const listener: Listener = new Listener(address, () => {
      this.#listeners.delete(listener)
      this.#addressing.released?.(address)
    })
    await listener.open(this.#client, this.#addressing)
    this.#listeners.add(listener)
    return listener
  }

  /**
   * Connects to a service of a VM.
   *
   * @throws {SocketError} EADDRNOTAVAIL at once when there is no such VM; ETIMEDOUT or ECONNREFUSED when nobody listens in it
   */
  async dial(address: HvSocketEndpoint, options: DialOptions = {}): Promise<Duplex> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, retries = 0, retryWaitMs = RETRY_WAIT_MS } = options
    const signals = [this.#closed.signal, ...(options.signal === undefined ? [] : [options.signal])]
    const signal = AbortSignal.any(signals)
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted()
      try {
        return await this.#connect(address, connectTimeoutMs, signal)
      } catch (error) {
        if (!(error instanceof SocketError) || !error.retryable || attempt >= retries) throw error
      }
      await this.#pause(retryWaitMs, signal)
    }
  }

  async #connect(address: HvSocketEndpoint, timeoutMs: number, signal: AbortSignal): Promise<Duplex> {
    const dial = this.#client.dial(this.#addressing.dialer(address, timeoutMs), timeoutMs, nameOf(address))
    const onAbort = (): void => dial.abandon(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const stream = await dial.stream
      stream.on('error', () => undefined)
      return stream
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        timer.clear()
        reject(signal.reason as Error)
      }
      const timer = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  async close(): Promise<void> {
    this.#closed.abort(refusal('the transport was closed'))
    await Promise.all([...this.#listeners].map((listener) => listener.close()))
    this.#client.close()
  }
}
