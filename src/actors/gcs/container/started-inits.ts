// Containers whose init was started. A Linux guest takes a process without OciProcess for the init, and one that is started twice leaves a
// container that no process can be added to any more.

import {
  AbortError,
  ActorLostError,
  BridgeClosedError,
  InvalidStateError,
  OperationTimeoutError,
  type UVMError,
} from '../../../errors.js'
import type { CallSubject } from '../../mailbox/contract.js'

export class StartedInits {
  readonly #ids = new Set<string>()

  /** Runs `start` unless the init of the container was started. @throws {InvalidStateError} it was: 'init-started' */
  async start<T>(id: string, subject: CallSubject, start: () => Promise<T>): Promise<T> {
    if (this.#ids.has(id)) {
      const reason = "the container's init was started already; further processes have an OciProcess"
      throw new InvalidStateError({ ...subject, state: 'init-started', reason })
    }
    this.#ids.add(id)
    try {
      return await start()
    } catch (error) {
      if (!mayHaveStarted(error as UVMError)) this.#ids.delete(id)
      throw error
    }
  }

  /** The container has ended, or its state is gone: another may have its id. */
  forget(id: string): void {
    this.#ids.delete(id)
  }
}

/** What became of it nobody knows. */
function mayHaveStarted(error: UVMError): boolean {
  if (error instanceof OperationTimeoutError) return error.sent
  return [AbortError, BridgeClosedError, ActorLostError].some((kind) => error instanceof kind)
}
