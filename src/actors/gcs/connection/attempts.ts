// Attempts to connect or to resume: one at a time, shared by everyone who asks meanwhile. An attempt takes a boot slot, has a deadline, and
// ends when nobody waits for it any more.

import { OperationTimeoutError } from '../../../errors.js'
import type { ActorEnvironment } from '../../environment.js'
import type { ActorCall } from '../../mailbox/contract.js'
import type { NegotiatedGuest } from '../contract.js'

/** Accept and handshake together, milliseconds, from when the boot slot was granted. As the reference host. */
const CONNECT_TIMEOUT_MS = 120_000

type Act = (signal: AbortSignal) => Promise<NegotiatedGuest>

interface Attempt {
  readonly op: string
  readonly result: Promise<NegotiatedGuest>
  readonly abort: AbortController
  callers: number
}

export class Attempts {
  readonly #vmId: string
  readonly #env: ActorEnvironment
  readonly #failure: (op: string, error: unknown, signal: AbortSignal) => Error
  #current: Attempt | undefined

  /** `failure` makes the error of an attempt out of what it failed with. */
  constructor(
    vmId: string,
    env: ActorEnvironment,
    failure: (op: string, error: unknown, signal: AbortSignal) => Error,
  ) {
    this.#vmId = vmId
    this.#env = env
    this.#failure = failure
  }

  /** An attempt that is being given up is none to join. */
  async settleAborted(): Promise<void> {
    while (this.#current?.abort.signal.aborted === true) await this.#current.result.catch(() => undefined)
  }

  /** Joins the attempt that runs, or starts one. The first caller's time decides whether it has a deadline of its own. */
  async join(op: string, call: ActorCall, act: Act): Promise<NegotiatedGuest> {
    const attempt = this.#current ?? this.#start(op, call.timed, act)
    attempt.callers++
    const leave = call.onCancel(() => {
      attempt.callers--
      // The attempt goes on for whoever else waits; for nobody it does not.
      if (attempt.callers === 0) attempt.abort.abort(new Error('nobody waits for the connection any more'))
    })
    try {
      return await attempt.result
    } finally {
      leave()
    }
  }

  #start(op: string, isTimed: boolean, act: Act): Attempt {
    const abort = new AbortController()
    const result = this.#run(op, isTimed, abort, act).finally(() => (this.#current = undefined))
    const attempt: Attempt = { op, result, abort, callers: 0 }
    this.#current = attempt
    return attempt
  }

  async #run(op: string, isTimed: boolean, abort: AbortController, act: Act): Promise<NegotiatedGuest> {
    const id = this.#vmId
    const slot = this.#env.boots.acquire(id)
    abort.signal.addEventListener('abort', () => slot.cancel(), { once: true })
    const release = await slot.granted
    const timeoutMs = CONNECT_TIMEOUT_MS
    const deadline = this.#env.clock.after(isTimed ? Infinity : timeoutMs, () =>
      abort.abort(new OperationTimeoutError({ op, id, timeoutMs, reason: 'waiting for the guest' })),
    )
    try {
      abort.signal.throwIfAborted()
      return await act(abort.signal)
    } catch (error) {
      throw this.#failure(op, error, abort.signal)
    } finally {
      deadline.clear()
      release?.()
    }
  }

  /** Gives the attempt that runs up, with this reason; resolves when it is over. */
  async end(reason: (op: string) => Error): Promise<void> {
    const attempt = this.#current
    attempt?.abort.abort(reason(attempt.op))
    await attempt?.result.catch(() => undefined)
  }
}
