// Why there is no guest connection, and what calls are told of it.

import { BridgeClosedError, GuestConnectionUnavailableError, UVMError, withContext } from '../../../errors.js'

export class Endings {
  readonly #vmId: string
  /** Why the last connection ended; undefined before the first. */
  last: BridgeClosedError | undefined
  /** Set when the VM has exited or the actor stops: nothing is listened for any more. */
  gone: Error | undefined

  constructor(vmId: string) {
    this.#vmId = vmId
  }

  #context(op: string): { op: string; id: string } {
    return { op, id: this.#vmId }
  }

  unavailable(op: string): GuestConnectionUnavailableError {
    const context = this.#context(op)
    if (this.last !== undefined) return new GuestConnectionUnavailableError({ ...context, cause: this.last })
    const gone = this.gone
    return gone === undefined
      ? new GuestConnectionUnavailableError({ ...context, reason: 'the guest has not connected yet' })
      : new GuestConnectionUnavailableError({ ...context, cause: new BridgeClosedError({ ...context, cause: gone }) })
  }

  /** @throws {GuestConnectionUnavailableError} */
  assertNotGone(op: string): void {
    if (this.gone !== undefined) throw this.unavailable(op)
  }

  /** The deadline first, then the VM's exit, then whatever failed. */
  failure(op: string, error: unknown, signal: AbortSignal): Error {
    const reason: unknown = signal.aborted ? signal.reason : undefined
    if (reason instanceof UVMError) return reason
    if (this.gone !== undefined) return this.unavailable(op)
    if (error instanceof UVMError) return withContext(error, this.#context(op))
    const why = error instanceof Error ? error.message : String(error)
    return new GuestConnectionUnavailableError({ ...this.#context(op), reason: why, cause: error })
  }

  /** Remembers why the connection ended. */
  endedBy(cause: UVMError | undefined): BridgeClosedError {
    const context = this.#context('guest.connection')
    this.last =
      cause instanceof BridgeClosedError
        ? withContext(cause, context)
        : new BridgeClosedError(
            cause === undefined ? { ...context, reason: 'it was closed on purpose' } : { ...context, cause },
          )
    return this.last
  }
}
