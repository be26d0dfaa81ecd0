// The caller's signal and time for what is no single request to an actor. They end the waiting, never the work.

import { AbortError, OperationTimeoutError } from '../../errors.js'
import { atCallSite, callSite } from '../../errors-wire.js'
import type { Clock } from '../../native/clock.js'
import { onAbort } from './abort-listeners.js'
import { checkCallOptions } from './call-options.js'
import type { CallOptions, CallSubject, Standing } from './contract.js'

/** What is left of a caller's options, some time after the call. */
export function leftOf(options: CallOptions | undefined, startedMs: number, clock: Clock): CallOptions {
  const { signal, timeoutMs } = options ?? {}
  if (timeoutMs === undefined || timeoutMs === Infinity) return { signal, timeoutMs }
  return { signal, timeoutMs: Math.max(timeoutMs - (clock.now() - startedMs), Number.MIN_VALUE) }
}

/** What a call failed with that had what was left of its caller's time: it tells the time that was given. */
export function ofWhole(error: unknown, options: CallOptions | undefined): unknown {
  const timeoutMs = options?.timeoutMs
  if (!(error instanceof OperationTimeoutError) || timeoutMs === undefined) return error
  const [told = ''] = TOLD.exec(new OperationTimeoutError({ timeoutMs }).message) ?? []
  return Object.assign(error, { timeoutMs, message: error.message.replace(TOLD, () => told) })
}

/** The time in the message of a time-out. */
const TOLD = /no answer within \S+ ms/

/** What is told of a call that ran out of its time while it waited for a thread to run its actor on. */
export const AWAITS_THREAD = { sent: false, reason: 'it waited for an actor thread' } as const

/**
 * Settles as `work` does, unless the caller's signal or time comes first. Errors of its own show the caller's stack.
 *
 * @param standing where it stands then; absent: it was sent
 * @throws {InvalidConfigError} bad options
 * @throws {AbortError} the signal
 * @throws {OperationTimeoutError} the time
 */
export async function within<T>(
  work: Promise<T>,
  subject: CallSubject,
  options: CallOptions | undefined,
  clock: Clock,
  standing: Partial<Standing> = {},
): Promise<T> {
  const site = callSite(within)
  // However this ends, nobody else hears of the work's failure.
  work.catch(() => undefined)
  checkCallOptions(options, subject)
  const { signal, timeoutMs } = options ?? {}
  const aborted = (): Error => atCallSite(new AbortError({ ...subject, cause: signal?.reason }), site)
  if (signal?.aborted === true) throw aborted()
  if (signal === undefined && (timeoutMs === undefined || timeoutMs === Infinity)) return work
  let release = (): void => undefined
  const early = new Promise<never>((_resolve, reject) => {
    const unlisten = signal === undefined ? undefined : onAbort(signal, () => reject(aborted()))
    const timer =
      timeoutMs === undefined || timeoutMs === Infinity
        ? undefined
        : clock.after(timeoutMs, () => {
            const error = new OperationTimeoutError({ ...subject, timeoutMs, ...standing })
            reject(atCallSite(error, site))
          })
    release = () => {
      unlisten?.()
      timer?.clear()
    }
  })
  try {
    return await Promise.race([work, early])
  } finally {
    release()
  }
}
