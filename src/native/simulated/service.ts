// The main thread's hold on a simulated compute service: its thread, and the Hosts that use it.

import { once } from 'node:events'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { InvalidStateError } from '../../errors.js'
import { checkSimulatedOptions } from './check-options.js'
import type { SimulatedOptions } from './options.js'
import type { ParentAnswer, ParentMessage } from './service-thread.js'

/** One Host at a service. */
export interface SimulatedClient {
  /** A port for one more actor thread, to be transferred to the provider module there. */
  port(): MessagePort
  /** Closes every handle of this client. */
  leave(): Promise<void>
}

/** A simulated compute service in a thread of its own. Given to Hosts it outlives them, so several Hosts of a process can share it. */
export class SimulatedService {
  readonly #worker: Worker
  readonly #exited: Promise<unknown>
  readonly #leaving = new Map<number, () => void>()
  #clients = 0
  #leaves = 0
  #closing: Promise<void> | undefined

  private constructor(options: Omit<SimulatedOptions, 'service'>) {
    this.#worker = new Worker(new URL('./service-thread.js', import.meta.url), { workerData: options, execArgv: [] })
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
  static async open(options: Omit<SimulatedOptions, 'service'> = {}): Promise<SimulatedService> {
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
    return {
      port: () => {
        const { port1, port2 } = new MessageChannel()
        this.#post({ do: 'join', client, socketDirectory, port: port2 }, [port2])
        return port1
      },
      leave: () => (left ??= this.#leave(client)),
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
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
