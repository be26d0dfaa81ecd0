// The requests of a connection that have no answer yet. Pure.

import { BridgeClosedError, OperationTimeoutError, type UVMError } from '../../../errors.js'
import type { RpcName } from '../../../protocol/bridge/header.js'
import type { BridgeEffect, BridgeOptions, CallBounds } from './bridge-contract.js'
import { newestStrays } from './restore.js'

export interface Outstanding {
  readonly rpc: RpcName
  readonly deadlineMs: number
  readonly bounds: CallBounds
  /** Largest answer that is taken. */
  readonly maxBytes: number
  abandoned: boolean
}

export class OutstandingCalls {
  readonly #calls = new Map<bigint, Outstanding>()

  get size(): number {
    return this.#calls.size
  }

  keys(): Iterable<bigint> {
    return this.#calls.keys()
  }

  get(id: bigint): Outstanding | undefined {
    return this.#calls.get(id)
  }

  set(id: bigint, call: Outstanding): void {
    this.#calls.set(id, call)
  }

  delete(id: bigint): void {
    this.#calls.delete(id)
  }

  clear(): void {
    this.#calls.clear()
  }

  /** Of each that somebody waits for. */
  fail(error: () => UVMError): BridgeEffect[] {
    return [...this.#calls].filter(([, call]) => !call.abandoned).map(([id]) => ({ do: 'fail', id, error: error() }))
  }

  /** What fails with the transport: the handshake; and what was asked, unless the VM migrates. Late answers are still expected. */
  cut(cause: UVMError, isMigrating: boolean): BridgeEffect[] {
    const failures: BridgeEffect[] = []
    for (const [id, call] of this.#calls) {
      const { handshake, outlives } = call.bounds
      if (handshake !== true && (isMigrating || outlives === true)) continue
      const wasAbandoned = call.abandoned
      // The guest forgets a handshake with its transport.
      if (handshake === true) this.#calls.delete(id)
      else call.abandoned = true
      if (!wasAbandoned) failures.push({ do: 'fail', id, error: new BridgeClosedError({ cause }) })
    }
    this.#forgetOldest()
    return failures
  }

  /** A guest that drops its connection again and again is owed no memory for what it will never answer. */
  #forgetOldest(): void {
    const abandoned = [...this.#calls].filter(([, call]) => call.abandoned).map(([id]) => id)
    const kept = newestStrays([], abandoned)
    for (const id of abandoned) {
      if (!kept.has(id)) this.#calls.delete(id)
    }
  }

  /** Those past their time fail. `fatal`: the time ends the connection too. */
  expire(
    nowMs: number,
    options: Pick<BridgeOptions, 'requestTimeoutMs' | 'onRequestTimeout'>,
  ): { effects: BridgeEffect[]; fatal?: UVMError } {
    const effects: BridgeEffect[] = []
    for (const [id, call] of this.#calls) {
      if (call.abandoned || call.deadlineMs > nowMs) continue
      const own = call.bounds.timeoutMs ?? Infinity
      const timeoutMs = Math.min(own, options.requestTimeoutMs)
      const error = new OperationTimeoutError({ timeoutMs, reason: `the guest did not answer ${call.rpc}` })
      if (options.onRequestTimeout === 'close' && own > options.requestTimeoutMs) return { effects, fatal: error }
      call.abandoned = true
      effects.push({ do: 'fail', id, error })
    }
    return { effects }
  }

  /** When `expire` has something to do next; Infinity for never. */
  nextDeadlineMs(): number {
    let next = Infinity
    for (const call of this.#calls.values()) {
      if (!call.abandoned && call.deadlineMs < next) next = call.deadlineMs
    }
    return next
  }
}
