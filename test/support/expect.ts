// Assertions that tests share.

import assert from 'node:assert/strict'
import { HcsError, type UVMError } from '#dist/index.js'

/** What a case rests on, as the specification tags it: documented, seen in clients, observed on a real host, assumed. */
export type Evidence = 'D' | 'S' | 'R' | 'A'

/** The rejection of a promise; fails when it resolves. */
export async function rejection<E = UVMError & Record<string, unknown>>(promise: Promise<unknown>): Promise<E> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome) return outcome.error as E
  return assert.fail(`resolved with ${String(outcome.value)}, expected a rejection`)
}

/** Rejects with an error of this class. */
export async function rejectsWith<E extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...args: never[]) => E,
  check: (error: E) => void = () => undefined,
): Promise<E> {
  const error = await rejection<Error>(promise)
  if (!(error instanceof type)) throw new Error(`expected ${type.name}, got ${error.stack ?? String(error)}`)
  check(error)
  return error
}

/** Rejects with this HRESULT. Where the specification only assumes the code, a provider on real Windows may give any. */
export async function refused(
  promise: Promise<unknown>,
  code: number,
  evidence: Evidence = 'S',
  assumptionsHold = true,
): Promise<HcsError> {
  const error = await rejectsWith(promise, HcsError)
  if (evidence === 'A' && !assumptionsHold) return error
  assert.equal(`0x${error.hresult.toString(16)}`, `0x${code.toString(16)}`, error.message)
  return error
}

/** Whether a promise has not settled by the time everything queued so far has run. */
export async function pending(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  const settle = (): void => void (isSettled = true)
  promise.then(settle, settle)
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  return !isSettled
}

export function deferred<T = void>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (e: unknown) => void
} {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
