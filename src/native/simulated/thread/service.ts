// The main thread's hold on a simulated compute service: its thread, and the Hosts that use it.

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { InvalidStateError } from '../../../errors.js'
import { checkSimulatedOptions } from '../check-options.js'
import type { ServiceOptions } from '../options.js'
import type { ParentAnswer, ParentMessage, RelayedPort, ServiceThreadData } from './service-thread.js'
import { relayStream } from './socket-port.js'

export interface SimulatedOptions extends ServiceOptions {
  /** Share one service between several Hosts of a process. */
  service?: SimulatedService
}

/** One Host at a service. */
export interface SimulatedClient {
  /** A port for one more actor thread, to be transferred to the provider module there. */
  port(): MessagePort
  /** Makes a stream of this thread known to the service, which can take it once; `release` gives it up before that. */
  relaySocket(stream: Duplex): { socket: bigint; release: () => void }
  /** Closes every handle of this client. */
  leave(): Promise<void>
}

/** A simulated compute service in a thread of its own. Given to Hosts it outlives them, so several Hosts of a process can share it. */
export class SimulatedService {
  readonly #worker: Worker
  readonly #exited: Promise<unknown>
  readonly #leaving = new Map<number, () => void>()
  /** Relayed sockets go to the service's thread here. */
  readonly #sockets: MessagePort
  #socketCount = 0n
  #clients = 0
  #leaves = 0
  #closing: Promise<void> | undefined

  private constructor(options: ServiceOptions) {
    const { port1, port2 } = new MessageChannel()
    this.#sockets = port1
    this.#worker = new Worker(new URL('./service-thread.js', import.meta.url), {
      workerData: { options, sockets: port2 } satisfies ServiceThreadData,
      transferList: [port2],
      execArgv: [],
    })
    this.#exited = once(this.#worker, 'exit')
    this.#worker.on('message', ({ left }: ParentAnswer) => {
      this.#leaving.get(left)?.()
      this.#leaving.delete(left)
    })
    // Whoever waits for the service learns of its end from the closing ports.
    this.#worker.on('error', () => undefined)
    this.#worker.once('exit', () => {
      for (const resolve of this.#leaving.values()) resolve()
      this.#leaving.clear()
      this.#closing ??= Promise.resolve()
    })
    this.#worker.unref()
  }

  /** @throws {InvalidConfigError} naming the option */
  static async open(options: ServiceOptions = {}): Promise<SimulatedService> {
    checkSimulatedOptions(options)
    const service = new SimulatedService(options)
    await once(service.#worker, 'online')
    return service
  }

  /** @internal A Host joins; its guests dial into `socketDirectory`. */
  join(socketDirectory: string): SimulatedClient {
    if (this.#closing !== undefined) {
      throw new InvalidStateError({ op: 'host.open', state: 'closed', reason: 'the simulated service is closed' })
    }
    const client = `client ${++this.#clients}`
    let left: Promise<void> | undefined
    /** What was not taken is given up when the client leaves; the rest ends with its VM. */
    const relays = new Set<() => void>()
    return {
      port: () => {
        const { port1, port2 } = new MessageChannel()
        this.#post({ do: 'join', client, socketDirectory, port: port2 }, [port2])
        return port1
      },
      relaySocket: (stream) => {
        const { port1, port2 } = new MessageChannel()
        const socket = ++this.#socketCount
        this.#sockets.postMessage({ socket, port: port2 } satisfies RelayedPort, [port2])
        const { release } = relayStream(stream, port1)
        relays.add(release)
        port1.once('close', () => relays.delete(release))
        return { socket, release }
      },
      leave: () => {
        for (const release of relays) release()
        return (left ??= this.#leave(client))
      },
    }
  }

  async #leave(client: string): Promise<void> {
    if (this.#closing !== undefined) return
    const number = ++this.#leaves
    const answered = new Promise<void>((resolve) => this.#leaving.set(number, resolve))
    this.#post({ do: 'leave', client, number })
    await answered
  }

  #post(message: ParentMessage, transfer: MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  /** Ends every VM and the thread. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#worker.ref()
    this.#post({ do: 'close' })
    await this.#exited
    this.#sockets.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
