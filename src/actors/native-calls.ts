// What every actor does around a call of the compute service: slots, the gauge, the default deadline, typed errors, and keeping count of
// what has not ended. HCS cannot be interrupted: a promise may settle before its call has ended, and the slots are free when it has.

import { AbortError, OperationTimeoutError, type UVMError } from '../errors.js'
import { hcsError } from '../native/hcs-error.js'
import type { ActorEnvironment, SlotRequest, Slots } from './environment.js'
import type { ActorCall } from './mailbox/contract.js'

/** Default time of every call that has one, milliseconds, from when it is sent. */
export const DEFAULT_TIMEOUT_MS = 240_000

/** Slots of a Host, with the name of the option that bounds them. */
export interface SlotPool {
  readonly slots: Slots
  readonly limit: 'limits.operations' | 'limits.boots'
}

/** What calls need, in the order in which it is asked for. */
export function slotPools(
  env: ActorEnvironment,
  boots: Slots,
): { operation: readonly SlotPool[]; boot: readonly SlotPool[] } {
  const operations: SlotPool = { slots: env.operations, limit: 'limits.operations' }
  return { operation: [operations], boot: [{ slots: boots, limit: 'limits.boots' }, operations] }
}

/** One call, and what it is allowed. */
export interface NativeCall {
  readonly op: string
  readonly id?: string | undefined
  /** Resource path, for errors. */
  readonly path?: string | undefined
  /** Whose cancel ends the waiting for slots. */
  readonly call?: ActorCall | undefined
  readonly pools: readonly SlotPool[]
  /** No default time: the caller's alone counts. */
  readonly isUntimed?: boolean | undefined
  /** Something of the caller's request has been sent before. */
  readonly isFollowUp?: boolean | undefined
}

interface Waiting<C> {
  readonly call: C
  request?: SlotRequest
  /** Why it must not be sent any more. */
  barred?: UVMError
}

/** `C`: what the owner wants to know of a call that waits. */
export class NativeCalls<C extends NativeCall = NativeCall> {
  readonly #env: ActorEnvironment
  readonly #owner: string
  readonly #waiting = new Set<Waiting<C>>()
  readonly #inFlight = new Set<Promise<unknown>>()

  /** `owner`: among whom the slots take turns. */
  constructor(env: ActorEnvironment, owner: string) {
    this.#env = env
    this.#owner = owner
  }

  /** Runs one call. `onEnd` runs when it has really ended, or will never be sent. */
  async run<T>(call: C, work: () => Promise<T>, onEnd: () => void = () => undefined): Promise<T> {
    const releases: (() => void)[] = []
    const finish = (): void => {
      for (const release of releases) release()
      onEnd()
    }
    const waiting: Waiting<C> = { call }
    this.#waiting.add(waiting)
    try {
      await this.#admit(waiting, releases)
      // Whoever ended the waiting says why; slots that were granted at the same moment do not count. From here to `work` nothing waits.
      if (waiting.barred !== undefined) throw waiting.barred
    } catch (error) {
      finish()
      throw error
    } finally {
      this.#waiting.delete(waiting)
    }
    this.#env.gauges.operations++
    const running = (async () => {
      try {
        return await work()
      } catch (error) {
        throw hcsError(error, call)
      } finally {
        this.#env.gauges.operations--
        finish()
      }
    })()
    this.#inFlight.add(running)
    running.catch(() => undefined).finally(() => this.#inFlight.delete(running))
    return call.call?.timed === true || call.isUntimed === true ? running : this.withDefault(running, call)
  }

  async #admit(waiting: Waiting<C>, releases: (() => void)[]): Promise<void> {
    const { op, id, call, pools, isFollowUp } = waiting.call
    const forget = call?.onCancel(() => {
      waiting.barred ??= new AbortError({ op, id, reason: 'its caller gave up; nothing was sent' })
      waiting.request?.cancel()
    })
    const telling = call?.timed === true && isFollowUp !== true ? call : undefined
    for (const { slots, limit } of pools) {
      if (waiting.barred !== undefined) break
      if (telling !== undefined)
        telling.standing = () => ({ sent: false, reason: `it waited for a slot: ${limit} are taken` })
      waiting.request = slots.acquire(this.#owner)
      const release = await waiting.request.granted
      if (release !== undefined) releases.push(release)
    }
    if (telling !== undefined) telling.standing = undefined
    forget?.()
  }

  /** Ends the waiting for slots of what must not be sent any more. */
  endWaiting(which: (call: C) => boolean, errorOf: (call: C) => UVMError): void {
    for (const waiting of this.#waiting) {
      if (!which(waiting.call)) continue
      waiting.barred ??= errorOf(waiting.call)
      waiting.request?.cancel()
    }
  }

  /** Resolves when nothing is with the service any more. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled([...this.#inFlight])
  }

  /** Settles as `running` does, or at the default deadline. */
  withDefault<T>(running: Promise<T>, subject: { op: string; id?: string | undefined }): Promise<T> {
    return new Promise((resolve, reject) => {
      const { op, id } = subject
      const timer = this.#env.clock.after(DEFAULT_TIMEOUT_MS, () =>
        reject(new OperationTimeoutError({ op, id, timeoutMs: DEFAULT_TIMEOUT_MS })),
      )
      running.then(resolve, reject).finally(() => timer.clear())
    })
  }
}
