// Who waits for the end of a VM: for its exit, or for the termination that was asked for. Each is settled once.

import type { UVMError } from '../../errors.js'
import { OperationTimeoutError } from '../../errors.js'
import type { Clock } from '../../native/clock.js'
import type { ActorCall } from '../mailbox/contract.js'
import { DEFAULT_TIMEOUT_MS } from '../default-timeout.js'
import type { ExitNotice } from './contract.js'
import { exitOf, lossOf, type VmState } from './lifecycle/states.js'
import { barredError } from './queue.js'

/** The exit when it is known; undefined while it can still come. @throws {UVMError} why it will not be heard of here */
export function knownExit(state: VmState, subject: { op: string; id: string }): ExitNotice | undefined {
  const exit = exitOf(state)
  if (exit !== undefined) return exit
  const loss = lossOf(state)
  if (loss !== undefined) throw loss
  if (state.kind === 'closing' || state.kind === 'closed') throw barredError('closed', subject)
  return undefined
}

interface Settle<T> {
  resolve: (value: T) => void
  reject: (error: UVMError) => void
}

export class ExitWaiters {
  readonly #waiting = new Set<Settle<ExitNotice>>()

  wait(call: ActorCall): Promise<ExitNotice> {
    call.standing = () => ({ sent: false, reason: 'the VM has not exited' })
    return new Promise((resolve, reject) => {
      const one = { resolve, reject }
      this.#waiting.add(one)
      call.onCancel(() => this.#waiting.delete(one))
    })
  }

  settle(how: (one: Settle<ExitNotice>) => void): void {
    const all = [...this.#waiting]
    this.#waiting.clear()
    for (const one of all) how(one)
  }
}

/** Callers of one termination. Each has its own deadline, whoever asked first. */
export class TerminateCallers {
  readonly #clock: Clock
  readonly #callers = new Set<Settle<void>>()
  /** HCS has been asked since the first of these callers came. */
  isAsked = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Waits until the termination is over, or this caller's time is. `onLate` is told first and says whether that is a failure: a VM whose
   * handle closes needs no more.
   */
  join(call: ActorCall, subject: { op: string; id: string }, onLate: () => boolean): Promise<void> {
    call.keepsTime()
    const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS
    return new Promise<void>((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => {
        this.#callers.delete(one)
        const sent = this.isAsked
        const reason = sent ? 'the VM has not exited' : 'it waited for a slot: limits.operations are taken'
        if (onLate()) reject(new OperationTimeoutError({ ...subject, timeoutMs, sent, reason }))
        else resolve()
      })
      const one = {
        resolve: () => (timer.clear(), resolve()),
        reject: (error: UVMError) => (timer.clear(), reject(error)),
      }
      this.#callers.add(one)
    })
  }

  settle(error: UVMError | undefined): void {
    const all = [...this.#callers]
    this.#callers.clear()
    for (const one of all)
      if (error === undefined) one.resolve()
      else one.reject(error)
  }

  get size(): number {
    return this.#callers.size
  }
}
