// The main thread's hold on computecore.dll: the call thread of one Host, the ports of its actor threads, and the orderly end.

import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { ProviderUnavailableError } from '../../errors.js'
import { systemClock, type Timer } from '../clock.js'
import { ownFile } from '../own-file.js'
import type { CallThreadAnswer, CallThreadMessage, CallThreadSetup } from './call-thread.js'
import { joinCallbackThread } from './callbacks.js'
import { guardExit } from './exit-guard.js'
import { Ledger, type LedgerCounts } from './ledger.js'

/** How long a forced close waits for handles to close, milliseconds. */
const FORCED_MS = 5_000

export class ComputeCoreService {
  readonly #worker: Worker
  readonly #ledger: Ledger
  readonly #closed: Promise<void>
  #links = 0
  #closing: Promise<string[]> | undefined

  private constructor(worker: Worker, ledger: Ledger) {
    this.#worker = worker
    this.#ledger = ledger
    this.#closed = new Promise((resolve) => {
      worker.on('message', (answer: CallThreadAnswer) => 'closed' in answer && resolve())
      worker.once('exit', () => resolve())
    })
  }

  /**
   * Loads the library and asks the service for a sign of life.
   *
   * @param libraryPath default: computecore.dll of the system directory
   * @throws {ProviderUnavailableError} no DLL, no function that every call needs, no service, no rights
   */
  static async open(libraryPath: string | undefined): Promise<ComputeCoreService> {
    const { url } = ownFile({ from: 'native/computecore/service.js', base: import.meta.url, file: './call-thread.js' })
    const callbacks = await joinCallbackThread()
    const ledger = new Ledger()
    const setup: CallThreadSetup = { libraryPath, memory: ledger.memory, callbacks }
    const worker = new Worker(url, {
      workerData: { role: 'call', ...setup },
      transferList: [callbacks.port],
      execArgv: [],
    })
    // What is wrong with the thread shows in its exit.
    worker.on('error', () => undefined)
    const guard = guardExit(ledger)
    worker.once('exit', () => guard.release())
    const service = new ComputeCoreService(worker, ledger)
    const answer = await new Promise<CallThreadAnswer | undefined>((resolve) => {
      worker.once('message', resolve)
      worker.once('exit', () => resolve(undefined))
    })
    worker.unref()
    if (answer !== undefined && 'ready' in answer) return service
    const reason =
      answer !== undefined && 'unavailable' in answer
        ? (answer.unavailable.unavailable ?? answer.unavailable.document)
        : 'the thread that calls computecore.dll could not be started'
    const hresult = answer !== undefined && 'unavailable' in answer ? answer.unavailable.hresult : undefined
    throw new ProviderUnavailableError({ op: 'host.open', reason, hresult })
  }

  #post(message: CallThreadMessage, transfer: MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  /** A port for one more actor thread, to be transferred to the provider module there. */
  port(): MessagePort {
    return this.link().port
  }

  /** The same, with what is to be said when that thread is gone: what no living thread has and is not named by token closes. */
  link(): { port: MessagePort; reap: (keep: readonly string[]) => void } {
    const { port1, port2 } = new MessageChannel()
    const link = ++this.#links
    this.#post({ do: 'join', link, port: port2 }, [port2])
    return { port: port1, reap: (keep) => this.#post({ do: 'reap', link, keep }) }
  }

  /** What is open in the DLL, whoever opened it. */
  counts(): LedgerCounts {
    return this.#ledger.counts()
  }

  /**
   * Closes every handle and waits for every operation; from `force` on, only for the handles, and not for long. What HCS never ends is
   * left to the call thread, which consumes it when it comes, and keeps nobody from leaving. Resolves with what was left. Idempotent.
   */
  close(force: Promise<unknown>): Promise<string[]> {
    this.#closing ??= this.#close(force)
    return this.#closing
  }

  async #close(force: Promise<unknown>): Promise<string[]> {
    // Referenced while it is waited for: the answer must not be lost to a loop that has nothing else to do.
    this.#worker.ref()
    this.#post({ do: 'close' })
    let grace: Timer | undefined
    const givenUp = force.then(() => {
      this.#post({ do: 'force' })
      return new Promise<void>((resolve) => (grace = systemClock.after(FORCED_MS, resolve)))
    })
    await Promise.race([this.#closed, givenUp])
    grace?.clear()
    this.#worker.unref()
    const left = this.counts()
    return (['handles', 'operations'] as const)
      .filter((what) => left[what] > 0)
      .map((what) => `${left[what]} ${what} of the compute service`)
  }
}
