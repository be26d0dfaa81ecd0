// What is known of the inits of a Linux guest's containers. It takes a process without OciProcess for the init, and one that is started twice
// leaves a container that no process can be added to any more. Of one that was never started it tells no exit.

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
  /** Made here, and not started. */
  readonly #fresh = new Set<string>()

  created(id: string): void {
    this.#ids.delete(id)
    this.#fresh.add(id)
  }

  /** False also when somebody else may have started it. */
  neverStarted(id: string): boolean {
    return this.#fresh.has(id)
  }

  /** Runs `start` unless the init of the container was started. @throws {InvalidStateError} it was: 'init-started' */
  async start<T>(id: string, subject: CallSubject, start: () => Promise<T>): Promise<T> {
    if (this.#ids.has(id)) {
      const reason = "the container's init was started already; further processes have an OciProcess"
      throw new InvalidStateError({ ...subject, state: 'init-started', reason })
    }
    this.#ids.add(id)
    const wasFresh = this.#fresh.delete(id)
    try {
      return await start()
    } catch (error) {
      if (!mayHaveStarted(error as UVMError) && this.#ids.delete(id) && wasFresh) this.#fresh.add(id)
      throw error
    }
  }

  /** The container has ended, or its state is gone: another may have its id. */
  forget(id: string): void {
    this.#ids.delete(id)
    this.#fresh.delete(id)
  }
}

/** What became of it nobody knows. */
function mayHaveStarted(error: UVMError): boolean {
  if (error instanceof OperationTimeoutError) return error.sent
  return [AbortError, BridgeClosedError, ActorLostError].some((kind) => error instanceof kind)
}
