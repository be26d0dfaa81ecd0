// What ends at a break of the connection although its process goes on: a command whose output is relayed, for the output is cut.

import { BridgeClosedError, UVMError, withContext } from '../../../errors.js'
import { onAbort } from '../../mailbox/abort-listeners.js'
import type { CallSubject } from '../../mailbox/contract.js'

export class Breaks {
  readonly #running = new Set<(error: UVMError) => void>()

  /** The connection is lost; without an error somebody has closed it. */
  cut(error?: Error): void {
    const why = error === undefined ? 'it was closed on purpose' : 'the connection was lost'
    const cause = error instanceof UVMError ? error : new BridgeClosedError({ reason: why })
    const reason = `${why}, and its output is cut`
    for (const running of this.#running) running(new BridgeClosedError({ reason, cause }))
  }

  /** Runs `work` with a signal that is aborted as the caller's is, or at a break. @throws {BridgeClosedError} a break */
  async guard<T>(
    subject: CallSubject,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const abort = new AbortController()
    let broken: UVMError | undefined
    const running = (error: UVMError): void => {
      broken = error
      abort.abort(error)
    }
    this.#running.add(running)
    const giveUp = (): void => abort.abort(signal?.reason)
    const forget = signal === undefined ? undefined : onAbort(signal, giveUp)
    if (signal?.aborted === true) giveUp()
    try {
      return await work(abort.signal)
    } catch (error) {
      throw broken === undefined || error instanceof BridgeClosedError ? error : withContext(broken, subject)
    } finally {
      this.#running.delete(running)
      forget?.()
    }
  }
}
