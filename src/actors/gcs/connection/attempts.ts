// Attempts to connect or to resume: one at a time, shared by everyone who asks meanwhile. Each caller has a time of its own; an attempt
// lasts as long as somebody waits for it.

import { AbortError, OperationTimeoutError } from '../../../errors.js'
import type { Clock } from '../../../native/clock.js'
import type { ActorCall } from '../../mailbox/contract.js'
import type { NegotiatedGuest } from '../contract.js'

/** Accept and handshake together, milliseconds. As the reference host. */
const CONNECT_TIMEOUT_MS = 120_000

const WAITING = 'waiting for the guest, whose agent has not connected'

type Act = (signal: AbortSignal) => Promise<NegotiatedGuest>

interface Attempt {
  readonly op: string
  readonly result: Promise<NegotiatedGuest>
  readonly abort: AbortController
  callers: number
}

export class Attempts {
  readonly #vmId: string
  readonly #clock: Clock
  readonly #failure: (op: string, error: unknown, signal: AbortSignal) => Error
  #current: Attempt | undefined

  /** `failure` makes the error of an attempt out of what it failed with. */
  constructor(vmId: string, clock: Clock, failure: (op: string, error: unknown, signal: AbortSignal) => Error) {
    this.#vmId = vmId
    this.#clock = clock
    this.#failure = failure
  }

  /** An attempt that is being given up is none to join. */
  async settleAborted(): Promise<void> {
    while (this.#current?.abort.signal.aborted === true) await this.#current.result.catch(() => undefined)
  }

  /** Joins the attempt that runs, or starts one. */
  join(op: string, call: ActorCall, act: Act): Promise<NegotiatedGuest> {
    const attempt = this.#current ?? this.#start(op, act)
    attempt.callers++
    return this.attend(op, call, attempt.result, (why) => {
      attempt.callers--
      // It goes on for whoever else waits; for nobody it does not.
      if (attempt.callers === 0) attempt.abort.abort(why)
    })
  }

  /**
   * Settles as `result` does, or when the caller's time is over: its own, which the mailbox keeps, or two minutes from here.
   * `leave`: it waits no longer.
   */
  attend<T>(op: string, call: ActorCall, result: Promise<T>, leave: (why: Error) => void): Promise<T> {
    const id = this.#vmId
    return new Promise((resolve, reject) => {
      const give = (why: Error): void => {
        leave(why)
        end()
        reject(why)
      }
      const timeoutMs = call.timed ? Infinity : CONNECT_TIMEOUT_MS
      // Of the caller's own time, which is kept elsewhere.
      call.standing = () => ({ sent: true, reason: WAITING })
      const timer = this.#clock.after(timeoutMs, () =>
        give(new OperationTimeoutError({ op, id, timeoutMs, reason: WAITING })),
      )
      let forget = (): void => undefined
      const end = (): void => {
        timer.clear()
        forget()
      }
      forget = call.onCancel(() => give(new AbortError({ op, id, reason: 'its caller gave up' })))
      result.then(resolve, reject).finally(end)
    })
  }

  #start(op: string, act: Act): Attempt {
    const abort = new AbortController()
    const result = this.#run(op, abort, act).finally(() => (this.#current = undefined))
    // Its callers may all have left.
    result.catch(() => undefined)
    const attempt: Attempt = { op, result, abort, callers: 0 }
    this.#current = attempt
    return attempt
  }

  async #run(op: string, { signal }: AbortController, act: Act): Promise<NegotiatedGuest> {
    try {
      signal.throwIfAborted()
      return await act(signal)
    } catch (error) {
      throw this.#failure(op, error, signal)
    }
  }

  /** Gives the attempt that runs up, with this reason; resolves when it is over. */
  async end(reason: (op: string) => Error): Promise<void> {
    const attempt = this.#current
    attempt?.abort.abort(reason(attempt.op))
    await attempt?.result.catch(() => undefined)
  }
}
