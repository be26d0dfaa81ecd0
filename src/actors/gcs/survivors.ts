// What goes on inside a guest although the actor that waited for it is lost: processes and containers. Their waits stay while the guest is
// expected back; the next actor is told of each once it is; when it does not come back, they end.

import { ActorLostError, BridgeClosedError, GuestConnectionUnavailableError, type UVMError } from '../../errors.js'
import type { CallOptions, CallSubject } from '../mailbox/contract.js'
import { checkWanted } from '../mailbox/call-options.js'
import { leftOf, ofWhole, within } from '../mailbox/within.js'
import type { Clock } from '../../native/clock.js'

/** One process or container that is waited for. */
export interface Survivor {
  /** Tells the new actor of it. */
  takeOver(): Promise<unknown>
  /** It could not be taken over. */
  lost(error: UVMError): void
}

interface Returning {
  readonly cause: Error
  readonly over: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Survivors {
  readonly #clock: Clock
  readonly #all = new Set<Survivor>()
  /** The guest is expected back at another actor. */
  #returning: Returning | undefined
  /** How often it was expected. */
  #losses = 0
  /** Why it was not there the last time. */
  #gone: Error | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The returned function: it is waited for no more. */
  add(survivor: Survivor): () => void {
    this.#all.add(survivor)
    return () => this.#all.delete(survivor)
  }

  /** The actor is lost, and the guest is expected back. */
  expect(cause: Error): void {
    if (this.#returning !== undefined) return
    this.#losses++
    this.#gone = undefined
    let resolve: Returning['resolve'] = () => undefined
    let reject: Returning['reject'] = () => undefined
    const over = new Promise<void>((yes, no) => {
      resolve = yes
      reject = no
    })
    over.catch(() => undefined)
    this.#returning = { cause, over, resolve, reject }
  }

  /** The guest is back. @throws {ActorLostError} the new actor is lost as well; the guest is still expected */
  async takeOver(): Promise<void> {
    await Promise.all([...this.#all].map((one) => this.#takeOver(one)))
    const returning = this.#returning
    this.#returning = undefined
    returning?.resolve()
  }

  async #takeOver(survivor: Survivor): Promise<void> {
    try {
      await survivor.takeOver()
    } catch (error) {
      if (error instanceof ActorLostError) throw error
      this.#all.delete(survivor)
      survivor.lost(error as UVMError)
    }
  }

  /** The guest will not come back. */
  end(cause: Error): void {
    const returning = this.#returning
    this.#returning = undefined
    if (returning === undefined) return
    this.#gone = cause
    returning.reject(cause)
  }

  /** Refuses what needs the guest while it is expected back. @throws {GuestConnectionUnavailableError} */
  assertThere(subject: CallSubject): void {
    if (this.#returning === undefined) return
    const { cause } = this.#returning
    const reason = 'its connection was lost with an actor thread, and the guest has not come back yet'
    throw new GuestConnectionUnavailableError({ ...subject, reason, cause })
  }

  /**
   * What `ask` answers; asked again of the next actor when the one that was asked is lost and the guest comes back.
   *
   * @throws {BridgeClosedError} the guest has not come back
   */
  async wait<T>(
    ask: (options: CallOptions | undefined) => Promise<T>,
    subject: CallSubject,
    options: CallOptions | undefined,
  ): Promise<T> {
    // What is left of them is asked with: mistakes are told of what was given.
    checkWanted(options, subject)
    const startedMs = this.#clock.now()
    const left = (): CallOptions | undefined => options && leftOf(options, startedMs, this.#clock)
    for (;;) {
      const gone = (cause: unknown): never => {
        throw new BridgeClosedError({ ...subject, reason: 'the guest has not come back', cause })
      }
      if (this.#returning !== undefined) {
        const back = within(this.#returning.over.catch(gone), subject, left(), this.#clock)
        await back.catch((error: unknown) => {
          throw ofWhole(error, options)
        })
      }
      const losses = this.#losses
      try {
        return await ask(left())
      } catch (error) {
        if (!(error instanceof ActorLostError) || losses === this.#losses) throw ofWhole(error, options)
        // It may be over already when the actor's loss comes to be heard here.
        if (this.#gone !== undefined) gone(this.#gone)
      }
    }
  }
}
