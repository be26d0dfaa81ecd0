// The main thread's hold on a simulated compute service that is a thread of this process, and the Hosts that use it.

import { once } from 'node:events'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { ownFile, ownModule, type OwnPlace } from '../../own-file.js'
import { THREAD_LIMITS } from '../../thread-limits.js'
import type { ServiceOptions } from '../options.js'
import type { SimulatedClient } from '../client.js'
import type { ParentAnswer, ParentMessage, RelayedPort, ServiceThreadData } from './service-thread.js'
import { relayStream } from './socket-port.js'

const place = (file: string): OwnPlace => ({
  from: 'native/simulated/thread/embedded-service.js',
  base: import.meta.url,
  file,
})

export class EmbeddedService {
  readonly #worker: Worker
  readonly #exited: Promise<unknown>
  readonly #leaving = new Map<number, () => void>()
  /** Relayed sockets go to the service's thread here. */
  readonly #sockets: MessagePort
  #socketCount = 0n
  #clients = 0
  #links = 0
  #leaves = 0
  #closing: Promise<void> | undefined

  private constructor(options: ServiceOptions) {
    const { url } = ownFile(place('./service-thread.js'))
    const { port1, port2 } = new MessageChannel()
    this.#sockets = port1
    this.#worker = new Worker(url, {
      workerData: { role: 'simulated', options, sockets: port2 } satisfies ServiceThreadData,
      transferList: [port2],
      execArgv: [],
      resourceLimits: THREAD_LIMITS,
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
  }

  static async open(options: ServiceOptions): Promise<EmbeddedService> {
    const service = new EmbeddedService(options)
    await once(service.#worker, 'online')
    // Only now: a program whose first line awaits this must not end before it is there.
    service.#worker.unref()
    return service
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** A Host joins; its guests dial into `socketDirectory`. */
  join(socketDirectory: string): SimulatedClient {
    const client = `client ${++this.#clients}`
    let left: Promise<void> | undefined
    /** What was not taken is given up when the client leaves; the rest ends with its VM. */
    const relays = new Set<() => void>()
    return {
      link: () => {
        const { port1, port2 } = new MessageChannel()
        const link = ++this.#links
        this.#post({ do: 'join', client, socketDirectory, link, port: port2 }, [port2])
        return {
          module: ownModule('remote-provider', place('../../remote/provider.js')),
          options: { port: port1 },
          transfer: [port1],
          reap: (keep) => {
            if (this.#closing === undefined) this.#post({ do: 'reap', client, link, keep })
          },
        }
      },
      relaySocket: (stream) => {
        const { port1, port2 } = new MessageChannel()
        const socket = ++this.#socketCount
        this.#sockets.postMessage({ socket, port: port2 } satisfies RelayedPort, [port2])
        const { release, ended } = relayStream(stream, port1)
        relays.add(release)
        port1.once('close', () => relays.delete(release))
        return { socket, release, ended }
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
}
