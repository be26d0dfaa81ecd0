// The queue of a VM's changes in action: each waits for its turn, and may be refused, or given up, while it does.

import { OperationTimeoutError, type UVMError } from '../../errors.js'
import { DEFAULT_TIMEOUT_MS } from '../default-timeout.js'
import type { ActorEnvironment } from '../environment.js'
import type { ActorCall } from '../mailbox/contract.js'
import type { NativeCall } from '../native-calls.js'
import { watchStandstill } from '../standstill.js'
import type { ChangeKind } from './power.js'
import { barredError, ChangeQueue, type Barrier, type QueueEffect } from './queue.js'

/** One change of the VM. */
export interface Change {
  readonly op: string
  readonly kind: ChangeKind
  readonly call: ActorCall
  readonly path?: string
  /** No default time-out. */
  readonly isUntimed?: boolean
}

/** What decides whether a call that waits for a slot may still be sent. */
export interface VmCall extends NativeCall {
  readonly role?: 'change' | 'terminate'
}

interface Waiting {
  start: () => void
  giveUp: () => void
  bar: (barrier: Barrier) => void
  /** What is in front does not end. */
  late: (error: OperationTimeoutError) => void
}

export interface Turn {
  /** The change has really ended, or will never be sent. Idempotent. */
  end(): void
}

export class Turns {
  readonly #id: string
  readonly #queue: ChangeQueue
  readonly #env: Pick<ActorEnvironment, 'clock' | 'gauges'>
  readonly #waiting = new Map<number, Waiting>()

  constructor(id: string, limit: number, env: Pick<ActorEnvironment, 'clock' | 'gauges'>) {
    this.#id = id
    this.#queue = new ChangeQueue(limit)
    this.#env = env
  }

  get barrier(): Barrier | undefined {
    return this.#queue.barrier
  }

  /**
   * Waits for the turn of a change. Undefined: its caller gave up first.
   *
   * @param isUntimed it waits and takes as long as it likes
   * @throws {OverloadedError} too many wait
   * @throws {OperationTimeoutError} its caller gave no time, and the queue has stood still for the default
   * @throws {InvalidStateError} a terminate or a close came first
   */
  async take(op: string, call: ActorCall, isUntimed = false): Promise<Turn | undefined> {
    const { ticket, effects } = this.#submit(op, isUntimed)
    const turn = new Promise<boolean>((resolve, reject) =>
      this.#waiting.set(ticket, {
        start: () => resolve(true),
        giveUp: () => resolve(false),
        bar: (barrier) => reject(barredError(barrier, { op, id: this.#id })),
        late: reject,
      }),
    )
    const { gauges } = this.#env
    gauges.queued++
    const forget = call.onCancel(() => {
      if (this.#queue.cancel(ticket)) this.#waiting.get(ticket)?.giveUp()
    })
    if (call.timed) call.standing = () => ({ sent: false, reason: this.#whereabouts(ticket) })
    this.#perform(effects)
    const unwatch = call.timed || isUntimed || effects.length > 0 ? undefined : this.#watch(op, ticket)
    let isStarted: boolean
    try {
      isStarted = await turn
    } finally {
      gauges.queued--
      unwatch?.()
      this.#waiting.delete(ticket)
      forget()
      if (call.timed) call.standing = undefined
    }
    return isStarted ? { end: () => this.#perform(this.#queue.ended(ticket)) } : undefined
  }

  /** A change that never ends must not keep those behind it for ever. */
  #watch(op: string, ticket: number): () => void {
    return watchStandstill(
      this.#env.clock,
      () => this.#queue.turns,
      () => {
        const reason = `${this.#whereabouts(ticket)}, and nothing before it has ended`
        const waiting = this.#waiting.get(ticket)
        if (!this.#queue.cancel(ticket)) return
        const timeoutMs = DEFAULT_TIMEOUT_MS
        waiting?.late(new OperationTimeoutError({ op, id: this.#id, timeoutMs, sent: false, reason }))
      },
    )
  }

  #whereabouts(ticket: number): string {
    const place = this.#queue.place(ticket)
    if (place === undefined) return 'it was about to be sent'
    const others = place.between === 0 ? '' : ` and ${place.between} more`
    return `it waited behind ${place.behind}${others}`
  }

  #submit(op: string, isUntimed: boolean): { ticket: number; effects: QueueEffect[] } {
    const context = { op, id: this.#id }
    const { barrier } = this.#queue
    if (barrier !== undefined) throw barredError(barrier, context)
    try {
      return this.#queue.submit(op, isUntimed)
    } catch (error) {
      throw Object.assign(error as UVMError, context)
    }
  }

  /** Refuses what waits and what comes. */
  raise(barrier: Barrier): void {
    this.#perform(this.#queue.raise(barrier))
  }

  lift(): void {
    this.#queue.lift()
  }

  #perform(effects: QueueEffect[]): void {
    for (const effect of effects) {
      const waiting = this.#waiting.get(effect.ticket)
      if (effect.do === 'send') waiting?.start()
      else waiting?.bar(effect.barrier)
    }
  }
}
