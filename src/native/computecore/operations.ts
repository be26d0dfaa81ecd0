// Operations in callback form: each asynchronous HCS call has an operation handle of its own, with a context number that is never used
// again. What the DLL accepted is followed to its end whether or not anybody still waits for it.
//
// The completion may come before the starting call has returned, so its entry is made before the call. A second completion, or one for
// an operation that ended long ago, finds no entry and is ignored.

import { HRESULT, unsigned } from '../../protocol/hresult.js'
import { NativeFailure } from './failure.js'
import type { CallLane } from './lane.js'
import type { Ledger } from './ledger.js'
import type { ComputeCore, NativeFunction, NativeValue } from './library.js'

/**
 * Operations at HCS at once. What calls back at one instant must stay well below the 4,096 callbacks that koffi can hold for one thread;
 * the rest of them is for the events of the VMs.
 */
export const MAX_OPERATIONS = 1024

const ACCEPTED: readonly number[] = [HRESULT.HCS_E_OPERATION_PENDING, HRESULT.VMCOMPUTE_OPERATION_PENDING]

/** Whether a starting call took the work on: success, or one of the two codes that say "pending". */
export function isAccepted(hresult: number): boolean {
  return hresult >= 0 || ACCEPTED.includes(unsigned(hresult))
}

export interface OperationsOptions {
  library: ComputeCore
  lane: CallLane
  ledger: Ledger
  /** Address of the completion callback. */
  callback: bigint
  nextContext: () => number
}

/** A starting call; `arguments` gets the operation handle. */
export interface StartingCall {
  native: NativeFunction
  arguments: (operation: bigint) => NativeValue[]
  /** Runs right before the call, with its operation. */
  prepare?: ((operation: bigint) => void) | undefined
  /** Runs when the DLL has taken the work on. */
  accepted?: () => void
  /** Runs when the call has returned, accepted or not. */
  returned?: () => void
  /** Runs when the completion comes before the call has returned. */
  early?: () => void
}

/** An operation whose completion is awaited. */
interface Pending {
  complete: () => void
  hasReturned: boolean
  early: (() => void) | undefined
}

export class Operations {
  readonly #options: OperationsOptions
  /** By context. */
  readonly #pending = new Map<number, Pending>()
  readonly #waiting: (() => void)[] = []
  readonly #onIdle: (() => void)[] = []
  #active = 0

  constructor(options: OperationsOptions) {
    this.#options = options
  }

  /** The completion callback ran with this context. */
  completed(context: number): void {
    const pending = this.#pending.get(context)
    if (pending === undefined) return
    this.#pending.delete(context)
    if (!pending.hasReturned) pending.early?.()
    pending.complete()
  }

  /** Resolves once every operation has ended. */
  async idle(): Promise<void> {
    while (this.#active > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  /** Runs one call to its end and returns its result document, '' when there is none. @throws {NativeFailure} */
  async run(call: StartingCall): Promise<string> {
    if (this.#active >= MAX_OPERATIONS) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#active++
    try {
      return await this.#run(call)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#active--
      else next()
      if (this.#active === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
    }
  }

  async #run(call: StartingCall): Promise<string> {
    const { library, lane, ledger, callback, nextContext } = this.#options
    const create = library.get('HcsCreateOperation')
    const close = library.get('HcsCloseOperation')
    const context = nextContext()
    const pending: Pending = { complete: () => undefined, hasReturned: false, early: call.early }
    const completion = new Promise<void>((resolve) => (pending.complete = resolve))
    this.#pending.set(context, pending)
    ledger.add('operations', 1)
    let operation: bigint | null = null
    try {
      operation = create(BigInt(context), callback) as bigint | null
      if (operation === null) throw new NativeFailure(HRESULT.E_OUTOFMEMORY)
      call.prepare?.(operation)
      const values = call.arguments(operation)
      const started = Number(await lane.call(call.native, ...values).finally(() => call.returned?.()))
      pending.hasReturned = true
      if (!isAccepted(started)) throw new NativeFailure(started, this.#result(operation).document)
      call.accepted?.()
      await completion
      const { hresult, document } = this.#result(operation)
      if (hresult < 0) throw new NativeFailure(hresult, document)
      return document
    } finally {
      this.#pending.delete(context)
      if (operation !== null) close(operation)
      ledger.add('operations', -1)
    }
  }

  /** The final HRESULT and the document, which a failing call may have written as well. */
  #result(operation: bigint): { hresult: number; document: string } {
    const { library } = this.#options
    const out: [bigint | null] = [null]
    const hresult = Number(library.get('HcsGetOperationResult')(operation, out))
    return { hresult, document: library.takeDocument(out[0]) }
  }
}
