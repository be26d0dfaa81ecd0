// Native calls that may block: they run on libuv's pool, a bounded number at once, first come, first served.
//
// The pool is the whole process's. One of its threads is always left to the others, so that a compute service that hangs inside a call
// stops neither files nor name look-ups.

import { HRESULT } from '../../protocol/hresult.js'
import { NativeFailure } from './failure.js'
import type { Ledger } from './ledger.js'
import type { NativeFunction, NativeValue } from './library.js'

const DEFAULT_POOL = 4

/** How many of the pool's threads the calls may hold. */
export function laneWidth(poolSize = process.env['UV_THREADPOOL_SIZE']): number {
  const size = Number.parseInt(poolSize ?? '', 10)
  return Math.max(1, (Number.isNaN(size) || size < 1 ? DEFAULT_POOL : size) - 1)
}

export class CallLane {
  readonly #ledger: Ledger
  readonly #width: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(ledger: Ledger, width = laneWidth()) {
    this.#ledger = ledger
    this.#width = width
  }

  /** The function's result, once it has returned. A call that has begun always runs to its end. */
  async call(native: NativeFunction, ...args: NativeValue[]): Promise<unknown> {
    if (this.#running >= this.#width) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      if (!this.#ledger.enter()) throw new NativeFailure(HRESULT.HCS_E_SERVICE_DISCONNECT)
      try {
        return await new Promise((resolve, reject) =>
          native.async(...args, (error, result) => (error == null ? resolve(result) : reject(error as Error))),
        )
      } finally {
        this.#ledger.leave()
      }
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
