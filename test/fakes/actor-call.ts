// A call as a handler inside an actor sees it, cancelled by the test.

import type { ActorCall, CancelReason } from '#dist/actors/mailbox/contract.js'

export interface FakeCall extends ActorCall {
  cancel(reason?: CancelReason): void
}

export function fakeCall(timeoutMs?: number): FakeCall {
  const listeners = new Set<(reason: CancelReason) => void>()
  let cancelled: CancelReason | undefined
  return {
    timeoutMs,
    timed: timeoutMs !== undefined,
    standing: undefined,
    keepsTime: () => undefined,
    onCancel: (listener) => {
      if (cancelled === undefined) listeners.add(listener)
      else listener(cancelled)
      return () => void listeners.delete(listener)
    },
    isCancelled: () => cancelled !== undefined,
    cancel: (reason = 'abort') => {
      cancelled = reason
      for (const listener of [...listeners]) listener(reason)
      listeners.clear()
    },
  }
}
