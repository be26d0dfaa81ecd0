// When a lost transport is followed, and when it is given up. Pure: events in, what to do out, the time passed in.
//
// A Linux guest dials again every 100 ms, and dies when a request of it ends while nobody listens: so the listener is armed at the break.
// Tries are counted over the last `withinMs`, those that succeeded too, so that a guest that breaks again and again is given up as well.

/** What one loss may cost. */
export interface ReconnectBounds {
  /** Connections that may be tried within `withinMs`. */
  readonly attempts: number
  /** Milliseconds from the break. */
  readonly withinMs: number
}

export type ReconnectState =
  /** No connection whose loss would be followed. */
  | { readonly kind: 'idle' }
  /** It serves. `triedMs`: when connections were tried before. */
  | { readonly kind: 'up'; readonly triedMs: readonly number[] }
  /** Lost; whoever dials is tried. */
  | { readonly kind: 'waiting'; readonly triedMs: readonly number[]; readonly untilMs: number }
  /** Somebody has dialled, and is shaken hands with. */
  | { readonly kind: 'trying'; readonly triedMs: readonly number[]; readonly untilMs: number }

export type ReconnectEvent =
  /** A connection was made, or resumed, by somebody's call. */
  | 'served'
  /** The transport is gone. */
  | 'lost'
  /** Somebody has dialled. */
  | 'dialled'
  /** The handshake on a new transport is done. */
  | 'restored'
  /** The time is over. */
  | 'late'
  /** The connection is over, or somebody else follows it. */
  | 'ended'

export type ReconnectEffect =
  /** The break is told. */
  | 'tell-lost'
  /** The next connection is waited for, until the state's time. */
  | 'listen'
  | 'tell-restored'
  | 'give-up-time'
  | 'give-up-attempts'
  /** Whatever is under way for it ends. */
  | 'stop'

export interface ReconnectStep {
  readonly state: ReconnectState
  readonly effects: readonly ReconnectEffect[]
}

const IDLE: ReconnectState = { kind: 'idle' }

export function reconnectStep(
  state: ReconnectState,
  event: ReconnectEvent,
  nowMs: number,
  bounds: ReconnectBounds,
): ReconnectStep {
  const isActive = state.kind === 'waiting' || state.kind === 'trying'
  switch (event) {
    case 'served':
      return { state: { kind: 'up', triedMs: triesOf(state) }, effects: isActive ? ['stop'] : [] }
    case 'ended':
      return { state: IDLE, effects: isActive ? ['stop'] : [] }
    case 'late':
      return isActive ? { state: IDLE, effects: ['stop', 'give-up-time'] } : { state, effects: [] }
    case 'lost':
      return lost(state, nowMs, bounds)
    case 'dialled':
      if (state.kind !== 'waiting') return { state, effects: [] }
      return { state: { ...state, kind: 'trying', triedMs: [...state.triedMs, nowMs] }, effects: [] }
    case 'restored':
      if (state.kind !== 'trying') return { state, effects: [] }
      return { state: { kind: 'up', triedMs: state.triedMs }, effects: ['stop', 'tell-restored'] }
  }
}

function lost(state: ReconnectState, nowMs: number, bounds: ReconnectBounds): ReconnectStep {
  if (state.kind !== 'up' && state.kind !== 'trying') return { state, effects: [] }
  const isNew = state.kind === 'up'
  const told: ReconnectEffect[] = isNew ? ['tell-lost'] : []
  const triedMs = state.triedMs.filter((at) => at > nowMs - bounds.withinMs)
  if (triedMs.length >= bounds.attempts) return { state: IDLE, effects: [...told, 'stop', 'give-up-attempts'] }
  const untilMs = isNew ? nowMs + bounds.withinMs : state.untilMs
  return { state: { kind: 'waiting', triedMs, untilMs }, effects: [...told, 'listen'] }
}

function triesOf(state: ReconnectState): readonly number[] {
  return state.kind === 'idle' ? [] : state.triedMs
}
