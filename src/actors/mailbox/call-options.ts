// The options that every asynchronous call takes: on the way of each call, which shows in how they are checked.

import { AbortError } from '../../errors.js'
import { MILLISECONDS, SIGNAL } from '../../options/rows.js'
import { checkOptions, optionTable, type Rows } from '../../options/table.js'
import type { CallOptions, CallSubject } from './contract.js'

export const CALL_ROWS: Rows<CallOptions> = {
  signal: SIGNAL,
  timeoutMs: MILLISECONDS,
}

export const CALL_OPTIONS = optionTable<CallOptions>('options', CALL_ROWS)

/** @throws {InvalidConfigError} naming the option */
export function checkCallOptions(options: CallOptions | undefined, subject: CallSubject): void {
  if (options === undefined || isPlain(options)) return
  checkOptions(subject, options, CALL_OPTIONS)
}

/** A literal with what it may have and nothing else, as nearly every call is given: seen at a glance. The table judges the rest. */
function isPlain(options: CallOptions): boolean {
  try {
    if (Object.getPrototypeOf(options) !== Object.prototype) return false
    for (const name in options) if (name !== 'timeoutMs' && name !== 'signal') return false
    const { timeoutMs, signal } = options
    if (timeoutMs !== undefined && !CALL_ROWS.timeoutMs.allows(timeoutMs)) return false
    return signal === undefined || CALL_ROWS.signal.allows(signal)
  } catch {
    // It is none, or a getter or a proxy of the caller's threw.
    return false
  }
}

/**
 * Before a call that does something on this side has done it.
 *
 * @throws {InvalidConfigError} naming the option
 * @throws {AbortError} its signal was aborted before: nothing is done
 */
export function checkWanted(options: CallOptions | undefined, subject: CallSubject): void {
  checkCallOptions(options, subject)
  if (options?.signal?.aborted === true) throw new AbortError({ ...subject, cause: options.signal.reason })
}

/** What every call takes, of options that were checked and may have more. */
export function callOptionsOf(options: CallOptions | undefined): CallOptions {
  return { signal: options?.signal, timeoutMs: options?.timeoutMs }
}
