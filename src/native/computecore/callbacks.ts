// The process's hold on its callback thread: the addresses to give to HCS, and a port for each Host.

import { once } from 'node:events'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { ownFile } from '../own-file.js'

/** Context numbers of one Host: number x CONTEXTS_PER_CLIENT and what follows. All stay below 2^53. */
export const CONTEXTS_PER_CLIENT = 2 ** 36

/** What the callback thread tells a Host: that an operation ended, or, with a type, that something happened to a system. */
export type CallbackNotice = { context: number } | { context: number; type: number; data: string }

export type CallbackThreadMessage = { join: number; port: MessagePort }

/** Addresses of the registered callbacks: one of each kind serves everybody. */
export interface CallbackAddresses {
  completion: bigint
  event: bigint
}

export interface CallbackClient extends CallbackAddresses {
  /** The first context number of this Host; each is used once. */
  firstContext: number
  /** Brings the CallbackNotices. */
  port: MessagePort
}

class CallbackThread {
  readonly #worker: Worker
  readonly #addresses: CallbackAddresses
  #clients = 0

  private constructor(worker: Worker, addresses: CallbackAddresses) {
    this.#worker = worker
    this.#addresses = addresses
  }

  static async start(): Promise<CallbackThread> {
    const place = { from: 'native/computecore/callbacks.js', base: import.meta.url, file: './callback-thread.js' }
    const { url } = ownFile(place)
    const worker = new Worker(url, { workerData: { role: 'callback' }, execArgv: [] })
    const [addresses] = (await once(worker, 'message')) as [CallbackAddresses]
    worker.unref()
    return new CallbackThread(worker, addresses)
  }

  join(): CallbackClient {
    const { port1, port2 } = new MessageChannel()
    const number = ++this.#clients
    this.#worker.postMessage({ join: number, port: port2 } satisfies CallbackThreadMessage, [port2])
    return { ...this.#addresses, firstContext: number * CONTEXTS_PER_CLIENT + 1, port: port1 }
  }
}

let thread: Promise<CallbackThread> | undefined

/** Joins the callback thread of the process, which the first call starts. Closing the port leaves it. */
export async function joinCallbackThread(): Promise<CallbackClient> {
  thread ??= CallbackThread.start()
  try {
    return (await thread).join()
  } catch (error) {
    thread = undefined
    throw error
  }
}
