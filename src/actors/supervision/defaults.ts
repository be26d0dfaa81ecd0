// How long a call without a time of its own may stay unanswered when its thread does not answer either. Normally the actor keeps this time
// itself, from when the call leaves its queue; this is the last resort, counted from the call.

import { DEFAULT_TIMEOUT_MS } from '../default-timeout.js'

/** As the guest's own default (`requestTimeoutMs`). */
const GUEST_TIMEOUT_MS = 300_000

/** Calls that wait for something to happen, or for somebody else: they have no default. */
const UNTIMED = /\.(wait|close|startWithMigrationOptions|finalizeLiveMigration|.*LiveMigration(OnSource|Transfer)?)$/

/** Milliseconds; undefined for none. */
export function defaultTimeout(op: string): number | undefined {
  if (UNTIMED.test(op)) return undefined
  return /^(guest|container|process)\./.test(op) ? GUEST_TIMEOUT_MS : DEFAULT_TIMEOUT_MS
}
