// What every actor does around a call of the compute service: slots, the gauge, the default deadline, typed errors, and keeping count of
// what has not ended. HCS cannot be interrupted: a promise may settle before its call has ended. A call whose caller gave up gives its slots
// back, up to a bound, since it may never end; others must not wait for it.

import { AbortError, OperationTimeoutError, type UVMError } from '../errors.js'
import { hcsError } from '../native/hcs-error.js'
import { DEFAULT_TIMEOUT_MS } from './default-timeout.js'
import type { ActorEnvironment, SlotRequest, Slots } from './environment.js'
import { LocalSlots } from './local-slots.js'
import type { ActorCall } from './mailbox/contract.js'
import { watchStandstill } from './standstill.js'

/** Calls of one actor that were given up and may go on at the service without a slot. */
const MOST_ABANDONED = 8

/** Property reads of one VM that may be with the service at once. */
export const READS_OF_VM = 4

/** Slots, and what is the matter when there are none. */
export interface SlotPool {
  readonly slots: Slots
  readonly taken: string
}

/** What calls need, in the order in which it is asked for. */
export interface SlotPools {
  readonly operation: readonly SlotPool[]
  readonly boot: readonly SlotPool[]
  /** Of this actor alone: what only looks waits for nobody else. */
  readonly read: readonly SlotPool[]
}

/** `reads`: how many there may be at once. */
export function slotPools(env: ActorEnvironment, boots: Slots, reads: number): SlotPools {
  const operations: SlotPool = { slots: env.operations, taken: 'limits.operations are taken' }
  return {
    operation: [operations],
    boot: [{ slots: boots, taken: 'limits.boots are taken' }, operations],
    read: [{ slots: new LocalSlots(reads), taken: `${reads} reads before it have no answer` }],
  }
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

interface Sent<C> {
  readonly call: C
  /** Gives its slots back. */
  readonly free: () => void
  /** `loose`: given up, and without slots. */
  state: 'wanted' | 'abandoned' | 'loose'
}

/** `C`: what the owner wants to know of a call that waits. */
export class NativeCalls<C extends NativeCall = NativeCall> {
  readonly #env: ActorEnvironment
  readonly #owner: string
  readonly #waiting = new Set<Waiting<C>>()
  readonly #inFlight = new Set<Promise<unknown>>()
  readonly #sent = new Set<Sent<C>>()

  /** `owner`: among whom the slots take turns. */
  constructor(env: ActorEnvironment, owner: string) {
    this.#env = env
    this.#owner = owner
  }

  /** Runs one call. `onEnd` runs when it has really ended, or will never be sent. */
  async run<T>(call: C, work: () => Promise<T>, onEnd: () => void = () => undefined): Promise<T> {
    const releases: (() => void)[] = []
    const free = (): void => {
      for (const release of releases) release()
    }
    const finish = (): void => {
      free()
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
    const sent: Sent<C> = { call, free, state: 'wanted' }
    this.#sent.add(sent)
    const forget = call.call?.onCancel(() => this.#abandon(sent))
    const running = (async () => {
      try {
        return await work()
      } catch (error) {
        throw hcsError(error, call)
      } finally {
        this.#env.gauges.operations--
        forget?.()
        this.#ended(sent)
        finish()
      }
    })()
    this.#inFlight.add(running)
    running.catch(() => undefined).finally(() => this.#inFlight.delete(running))
    if (call.call?.timed === true || call.isUntimed === true) return running
    return this.withDefault(running, call, () => this.#abandon(sent))
  }

  /** Nobody waits for these any more: whoever waits for a slot gets theirs. */
  abandon(which: (call: C) => boolean): void {
    for (const sent of this.#sent) if (which(sent.call)) this.#abandon(sent)
  }

  #abandon(sent: Sent<C>): void {
    if (sent.state !== 'wanted') return
    sent.state = 'abandoned'
    this.#env.gauges.abandoned++
    this.#loosen()
  }

  #ended(sent: Sent<C>): void {
    this.#sent.delete(sent)
    if (sent.state === 'wanted') return
    this.#env.gauges.abandoned--
    this.#loosen()
  }

  /** Those that were given up give their slots back, the oldest first. */
  #loosen(): void {
    let loose = [...this.#sent].filter(({ state }) => state === 'loose').length
    for (const sent of this.#sent) {
      if (loose >= MOST_ABANDONED) return
      if (sent.state !== 'abandoned') continue
      sent.state = 'loose'
      loose++
      sent.free()
    }
  }

  async #admit(waiting: Waiting<C>, releases: (() => void)[]): Promise<void> {
    const { op, id, call, pools, isFollowUp, isUntimed } = waiting.call
    const forget = call?.onCancel(() => {
      waiting.barred ??= new AbortError({ op, id, reason: 'its caller gave up; nothing was sent' })
      waiting.request?.cancel()
    })
    const telling = call?.timed === true && isFollowUp !== true ? call : undefined
    const hasOwnTime = call?.timed === true || isUntimed === true
    for (const { slots, taken } of pools) {
      if (waiting.barred !== undefined) break
      if (telling !== undefined) telling.standing = () => ({ sent: false, reason: `it waited for a slot: ${taken}` })
      waiting.request = slots.acquire(this.#owner)
      const unwatch = hasOwnTime ? undefined : this.#watchSlots(waiting, slots, taken)
      const release = await waiting.request.granted
      unwatch?.()
      if (release !== undefined) releases.push(release)
    }
    if (telling !== undefined) telling.standing = undefined
    forget?.()
  }

  /** Slots that nobody gives back any more are not waited for. */
  #watchSlots(waiting: Waiting<C>, slots: Slots, taken: string): () => void {
    return watchStandstill(
      this.#env.clock,
      () => slots.releases,
      () => {
        const { op, id, isFollowUp } = waiting.call
        const reason = `it waited for a slot: ${taken}, and none was given back`
        const sent = isFollowUp === true
        waiting.barred ??= new OperationTimeoutError({ op, id, timeoutMs: DEFAULT_TIMEOUT_MS, sent, reason })
        waiting.request?.cancel()
      },
    )
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
  withDefault<T>(
    running: Promise<T>,
    subject: { op: string; id?: string | undefined },
    onLate: () => void = () => undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const { op, id } = subject
      const timer = this.#env.clock.after(DEFAULT_TIMEOUT_MS, () => {
        onLate()
        reject(new OperationTimeoutError({ op, id, timeoutMs: DEFAULT_TIMEOUT_MS }))
      })
      running.then(resolve, reject).finally(() => timer.clear())
    })
  }
}
