// Whether a thread is stuck: it is asked while calls are with it, and does not answer for so long. Pure; the time is passed in.
//
// How late this thread itself was is no fault of the other: an answer that lay here meanwhile must not count as missing, so the lateness of
// every look is taken off.

export type Pulse =
  /** Nothing is with the thread. */
  | { readonly kind: 'idle' }
  /** Asked, not answered. */
  | { readonly kind: 'asked'; readonly sinceMs: number; readonly forgivenMs: number }
  | { readonly kind: 'answered' }
  | { readonly kind: 'stuck'; readonly sinceMs: number }

export interface Look {
  readonly nowMs: number
  /** When this look should have been. */
  readonly dueMs: number
  /** Calls are with the thread. */
  readonly isBusy: boolean
  readonly stuckAfterMs: number
}

export type LookEffect = 'none' | 'ask' | 'rest' | 'tell-stuck'

export interface LookStep {
  readonly pulse: Pulse
  readonly effect: LookEffect
}

export const IDLE: Pulse = { kind: 'idle' }

/** Looks within the time after which a thread counts as stuck. */
const LOOKS = 4

export function lookEveryMs(stuckAfterMs: number): number {
  return stuckAfterMs / LOOKS
}

export function look(pulse: Pulse, { nowMs, dueMs, isBusy, stuckAfterMs }: Look): LookStep {
  switch (pulse.kind) {
    case 'stuck':
      return { pulse, effect: 'none' }
    case 'idle':
    case 'answered':
      return isBusy
        ? { pulse: { kind: 'asked', sinceMs: nowMs, forgivenMs: 0 }, effect: 'ask' }
        : { pulse: IDLE, effect: 'rest' }
    case 'asked': {
      const forgivenMs = pulse.forgivenMs + Math.max(nowMs - dueMs, 0)
      const isStuck = nowMs - pulse.sinceMs - forgivenMs >= stuckAfterMs
      return isStuck
        ? { pulse: { kind: 'stuck', sinceMs: pulse.sinceMs }, effect: 'tell-stuck' }
        : { pulse: { ...pulse, forgivenMs }, effect: 'none' }
    }
  }
}

/** The thread has answered, however late. */
export function answered(): Pulse {
  return { kind: 'answered' }
}
