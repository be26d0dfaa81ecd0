// The owner's hold on the acceptor thread of one Host: started with it, ended with it, and what the Host's other threads reach it by.

import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { ownFile } from '../own-file.js'
import type { AcceptorSetup } from './acceptor-thread.js'
import type { SocketCalls, SocketNumber, WakePair } from './calls.js'
import { loadSocketCalls } from './load-calls.js'
import type { SocketLibrary } from './errors.js'
import type { OwnerMessage } from './messages.js'

/** What one thread reaches the acceptor thread by; both ports must be transferred. */
export interface AcceptorLink {
  readonly library: SocketLibrary
  readonly wake: SocketNumber
  readonly port: MessagePort
  /** Closes with the thread that holds it, which is how its end is noticed. */
  readonly life: MessagePort
}

const open = new Set<Acceptor>()

/** Node.js joins its threads before the process ends, and one that blocks would keep it waiting. */
function onExit(): void {
  for (const acceptor of open) acceptor.hurry()
}

export class Acceptor {
  readonly #calls: SocketCalls
  readonly #wake: WakePair
  readonly #worker: Worker
  readonly #ended: Promise<void>
  readonly #lives = new Set<MessagePort>()
  #next = 1
  #running = true

  private constructor(calls: SocketCalls, wake: WakePair, worker: Worker) {
    this.#calls = calls
    this.#wake = wake
    this.#worker = worker
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#release()
        resolve()
      })
    })
    if (open.size === 0) process.on('exit', onExit)
    open.add(this)
  }

  /** @throws {Error} the library or koffi cannot be loaded, or the thread cannot be started */
  static async open(library: SocketLibrary): Promise<Acceptor> {
    const place = { from: 'native/hyperv-socket/acceptor.js', base: import.meta.url, file: './acceptor-thread.js' }
    const { url } = ownFile(place)
    const calls = await loadSocketCalls(library)
    const wake = calls.openWakePair()
    const setup: AcceptorSetup = { library, wake: wake.read }
    const worker = new Worker(url, { workerData: { role: 'acceptor', ...setup }, execArgv: [] })
    let cause: unknown
    worker.on('error', (error) => (cause = error))
    const acceptor = new Acceptor(calls, wake, worker)
    const online = await Promise.race([
      new Promise<true>((resolve) => worker.once('online', () => resolve(true))),
      acceptor.#ended,
    ])
    if (online !== true) throw new Error('the acceptor thread could not be started', { cause })
    worker.unref()
    return acceptor
  }

  /** 1 while it runs. */
  get threads(): number {
    return this.#running ? 1 : 0
  }

  /** For one more thread. */
  link(): AcceptorLink {
    const key = this.#next++
    const channel = new MessageChannel()
    const life = new MessageChannel()
    this.#lives.add(life.port1)
    life.port1.once('close', () => {
      this.#lives.delete(life.port1)
      this.#tell({ leave: key })
    })
    life.port1.unref()
    this.#tell({ join: key, port: channel.port1 }, [channel.port1])
    return { library: this.#calls.library, wake: this.#wake.write, port: channel.port2, life: life.port2 }
  }

  #tell(message: OwnerMessage, transfer: MessagePort[] = []): void {
    if (!this.#running) return
    this.#worker.postMessage(message, transfer)
    this.#calls.wake(this.#wake.write)
  }

  /** Asks it to end, without waiting. */
  hurry(): void {
    this.#tell({ end: true })
  }

  #release(): void {
    this.#running = false
    open.delete(this)
    if (open.size === 0) process.off('exit', onExit)
    for (const life of this.#lives) life.close()
    this.#calls.close(this.#wake.read)
    if (this.#wake.write !== this.#wake.read) this.#calls.close(this.#wake.write)
  }

  /** Ends the thread; every listener and dial that is left fails. No thread may use its link any more. Idempotent. */
  async close(): Promise<void> {
    if (this.#running) this.#worker.ref()
    this.hurry()
    await this.#ended
  }
}
