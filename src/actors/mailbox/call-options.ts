// The options that every asynchronous call takes: on the way of each call, so that the table below is all that it costs.

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
  checkOptions(subject, options, CALL_OPTIONS)
}

/** What every call takes, of options that were checked and may have more. */
export function callOptionsOf(options: CallOptions | undefined): CallOptions {
  return { signal: options?.signal, timeoutMs: options?.timeoutMs }
}
