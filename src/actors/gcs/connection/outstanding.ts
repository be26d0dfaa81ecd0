// The requests of a connection that have no answer yet. Pure.

import { BridgeClosedError, OperationTimeoutError, type UVMError } from '../../../errors.js'
import type { RpcName } from '../../../protocol/bridge/header.js'
import type { BridgeEffect, BridgeOptions, CallBounds } from './bridge-contract.js'
import { Deadlines, type Timed } from './deadlines.js'
import { newestStrays } from './restore.js'

export class Outstanding implements Timed {
  /** Nobody waits for it any more. */
  abandoned = false
  /** It is answered, or forgotten. */
  #isGone = false

  constructor(
    readonly id: bigint,
    readonly rpc: RpcName,
    readonly deadlineMs: number,
    readonly bounds: CallBounds,
    /** Largest answer that is taken. */
    readonly maxBytes: number,
  ) {}

  get isOver(): boolean {
    return this.abandoned || this.#isGone
  }

  gone(): void {
    this.#isGone = true
  }
}

export class OutstandingCalls {
  readonly #calls = new Map<bigint, Outstanding>()
  readonly #deadlines = new Deadlines<Outstanding>()

  get size(): number {
    return this.#calls.size
  }

  keys(): Iterable<bigint> {
    return this.#calls.keys()
  }

  get(id: bigint): Outstanding | undefined {
    return this.#calls.get(id)
  }

  add(call: Outstanding): void {
    this.#calls.set(call.id, call)
    if (call.deadlineMs !== Infinity) this.#deadlines.add(call, this.#calls.size)
  }

  remove(call: Outstanding): void {
    call.gone()
    this.#calls.delete(call.id)
  }

  clear(): void {
    this.#calls.clear()
    this.#deadlines.clear()
  }

  /** Of each that somebody waits for. */
  fail(error: () => UVMError): BridgeEffect[] {
    const failures: BridgeEffect[] = []
    for (const call of this.#calls.values()) if (!call.abandoned) failures.push(failureOf(call, error()))
    return failures
  }

  /** What fails with the transport: the handshake; and what was asked, unless the VM migrates. Late answers are still expected. */
  cut(cause: UVMError, isMigrating: boolean): BridgeEffect[] {
    const failures: BridgeEffect[] = []
    for (const call of this.#calls.values()) {
      const { handshake, outlives } = call.bounds
      if (handshake !== true && (isMigrating || outlives === true)) continue
      const wasAbandoned = call.abandoned
      // The guest forgets a handshake with its transport.
      if (handshake === true) this.remove(call)
      else call.abandoned = true
      if (!wasAbandoned) failures.push(failureOf(call, new BridgeClosedError({ cause })))
    }
    this.#forgetOldest()
    return failures
  }

  /** A guest that drops its connection again and again is owed no memory for what it will never answer. */
  #forgetOldest(): void {
    const abandoned = [...this.#calls.values()].filter((call) => call.abandoned)
    const kept = newestStrays([], abandoned)
    for (const call of abandoned) {
      if (!kept.has(call)) this.remove(call)
    }
  }

  /** Those past their time fail. `fatal`: the time ends the connection too. */
  expire(
    nowMs: number,
    options: Pick<BridgeOptions, 'requestTimeoutMs' | 'onRequestTimeout'>,
  ): { effects: BridgeEffect[]; fatal?: UVMError } {
    const due: Outstanding[] = []
    let fatal: UVMError | undefined
    for (let call = this.#deadlines.first(); call !== undefined; call = this.#deadlines.first()) {
      if (call.deadlineMs > nowMs) break
      if (options.onRequestTimeout === 'close' && (call.bounds.timeoutMs ?? Infinity) > options.requestTimeoutMs) {
        fatal = timeOut(call, options.requestTimeoutMs)
        break
      }
      call.abandoned = true
      due.push(call)
    }
    // In the order in which they were asked.
    due.sort((one, other) => Number(one.id - other.id))
    const effects = due.map((call) => failureOf(call, timeOut(call, options.requestTimeoutMs)))
    return fatal === undefined ? { effects } : { effects, fatal }
  }

  /** When `expire` has something to do next; Infinity for never. */
  nextDeadlineMs(): number {
    return this.#deadlines.first()?.deadlineMs ?? Infinity
  }
}

function timeOut({ rpc, bounds }: Outstanding, requestTimeoutMs: number): UVMError {
  const timeoutMs = Math.min(bounds.timeoutMs ?? Infinity, requestTimeoutMs)
  return new OperationTimeoutError({ timeoutMs, reason: `the guest did not answer ${rpc}` })
}

function failureOf({ id, bounds }: Outstanding, error: UVMError): BridgeEffect {
  return { do: 'fail', id, error, bounds }
}
