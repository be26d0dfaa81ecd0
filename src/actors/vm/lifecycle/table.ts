// The life of one VM handle. Pure: a state and an event in, the next state and effects out; the actor performs them.
//
// Every state carries what is known in it, and every pair of state and event stands in the table. The exit is told once, whatever tells
// of it first; a handle is let go of once, and after that nothing is asked of HCS any more. What comes of an event that has no business in
// a state is written down as well: `stays` for what comes late, `illegal` for what may not be asked.

import { InvalidStateError, type UVMError } from '../../../errors.js'
import type { ExitNotice } from '../contract.js'
import type { Fate, Origin, Step, VmEffect, VmEvent, VmState } from './states.js'

const LIVING: Fate = { kind: 'living' }

type Kind = VmState['kind']
type EventType = VmEvent['type']
type StateOf<K extends Kind> = Extract<VmState, { kind: K }>
type EventOf<T extends EventType> = Extract<VmEvent, { type: T }>
type Entry<K extends Kind, T extends EventType> =
  'stays' | 'illegal' | ((state: StateOf<K>, event: EventOf<T>) => Step | VmState)
type Row<K extends Kind> = { [T in EventType]: Entry<K, T> }

function to(state: VmState, ...effects: VmEffect[]): Step {
  return { state, effects }
}

function fateOf(exit: ExitNotice): Fate {
  return { kind: 'exited', exit }
}

/** The barrier, and the handle goes. */
function letGo(origin: Origin, fate: Fate, terminateFirst: boolean, ...before: VmEffect[]): Step {
  return to(
    { kind: 'closing', origin, fate },
    ...before,
    { do: 'raise', barrier: 'closed' },
    { do: 'release', terminateFirst },
  )
}

/** Whether a VM that nobody wants is still there to be ended. */
function endsWith(origin: Origin, fate: Fate): boolean {
  return origin === 'created' && fate.kind === 'living'
}

/** What was heard first counts. */
function heard<S extends { fate: Fate }>(state: S, fate: Fate, effect: VmEffect): { state: S; effects: VmEffect[] } {
  return state.fate.kind === 'living' ? { state: { ...state, fate }, effects: [effect] } : { state, effects: [] }
}

const tellExit = (exit: ExitNotice): VmEffect => ({ do: 'tell-exit', exit })
const tellLoss = (error: UVMError): VmEffect => ({ do: 'tell-loss', error })

/** Nothing is known of such a handle here: it must not leak. */
const STRAY: Entry<Kind, 'obtained'> = (state) => to(state, { do: 'discard-handle', terminateFirst: false })

/** While the handle is on its way, or being read. */
const PENDING = {
  attach: 'illegal',
  adopt: 'illegal',
  terminate: 'illegal',
  abandon: (state: StateOf<'attaching' | 'describing' | 'adopting'>) => ({ ...state, isWanted: false }),
  powered: 'stays',
  'terminate-failed': 'stays',
  'terminate-late': 'stays',
  exited: (state: StateOf<'attaching' | 'describing' | 'adopting'>, { exit }: EventOf<'exited'>) =>
    heard(state, fateOf(exit), tellExit(exit)),
  disconnected: (state: StateOf<'attaching' | 'describing' | 'adopting'>, { error }: EventOf<'disconnected'>) =>
    heard(state, { kind: 'lost', error }, tellLoss(error)),
  released: 'stays',
  'actor-lost': (state: StateOf<'attaching' | 'describing' | 'adopting'>, { error }: EventOf<'actor-lost'>) =>
    lostByActor(state.origin, state.fate, error),
} as const

function lostByActor(origin: Origin, fate: Fate, error: UVMError): VmState {
  return fate.kind === 'exited' ? { kind: 'closed', fate } : { kind: 'lost', origin, of: 'actor', error }
}

/** Where nothing is attached any more, or yet. */
const DETACHED = {
  abandon: 'stays',
  obtained: STRAY,
  unobtainable: 'stays',
  described: 'stays',
  indescribable: 'stays',
  powered: 'stays',
  'terminate-failed': 'stays',
  'terminate-late': 'stays',
  released: 'stays',
} as const

const ATTACHED = { ...DETACHED, attach: 'illegal', adopt: 'illegal' } as const

const TABLE: { readonly [K in Kind]: Row<K> } = {
  new: {
    ...DETACHED,
    attach: (_state, { origin }) => ({ kind: 'attaching', origin, isWanted: true, fate: LIVING }),
    adopt: (_state, event) => adopting(event),
    terminate: 'illegal',
    close: closeNothing,
    discard: closeNothing,
    exited: 'stays',
    disconnected: 'stays',
    'actor-lost': 'stays',
    'give-up': giveUp,
  },

  attaching: {
    ...PENDING,
    // What HCS has must end first: the handle comes, and goes again.
    close: ({ origin, fate }) => letGo(origin, fate, false),
    discard: ({ origin, fate }) => letGo(origin, fate, false),
    obtained: ({ origin, isWanted, fate }) =>
      isWanted && fate.kind !== 'lost'
        ? { kind: 'describing', origin, isWanted, fate }
        : letGo(origin, fate, endsWith(origin, fate)),
    unobtainable: ({ fate }) =>
      to({ kind: 'closed', fate }, { do: 'raise', barrier: 'closed' }, { do: 'refuse-waiters' }),
    described: 'stays',
    indescribable: 'stays',
    'give-up': giveUp,
  },

  describing: {
    ...PENDING,
    close: ({ origin, fate }) => letGo(origin, fate, false),
    discard: ({ origin, fate }) => letGo(origin, fate, endsWith(origin, fate)),
    obtained: STRAY,
    unobtainable: 'stays',
    described: ({ origin, isWanted, fate }, { power }) => {
      if (!isWanted || fate.kind === 'lost') return letGo(origin, fate, endsWith(origin, fate))
      return fate.kind === 'exited' ? { kind: 'exited', exit: fate.exit } : { kind: 'open', origin, power, asks: 0 }
    },
    indescribable: ({ origin, fate }) => letGo(origin, fate, endsWith(origin, fate)),
    'give-up': giveUp,
  },

  adopting: {
    ...PENDING,
    close: ({ origin, fate }) => letGo(origin, fate, false),
    discard: ({ origin, fate }) => letGo(origin, fate, false),
    // The VM has lived without us: nobody's going ends it.
    obtained: ({ origin, isWanted, fate }) => {
      if (!isWanted) return letGo(origin, fate, false)
      if (fate.kind === 'exited') return { kind: 'exited', exit: fate.exit }
      if (fate.kind === 'lost') return { kind: 'lost', origin, of: 'service', error: fate.error }
      return { kind: 'open', origin, power: 'unknown', asks: 0 }
    },
    unobtainable: giveUp,
    described: 'stays',
    indescribable: 'stays',
    'give-up': giveUp,
  },

  open: {
    ...ATTACHED,
    terminate: ({ origin, power, asks }) =>
      to(
        { kind: 'terminating', origin, power, asks: asks + 1, callers: 1, isStale: false, isClosing: false },
        { do: 'raise', barrier: 'terminating' },
        { do: 'ask-terminate', ask: asks + 1 },
      ),
    close: ({ origin }) => letGo(origin, LIVING, false),
    discard: ({ origin }) => letGo(origin, LIVING, origin === 'created'),
    powered: (state, { power }) => ({ ...state, power }),
    exited: (_state, { exit }) => to({ kind: 'exited', exit }, tellExit(exit)),
    disconnected: ({ origin }, { error }) => to({ kind: 'lost', origin, of: 'service', error }, tellLoss(error)),
    'actor-lost': ({ origin }, { error }) => ({ kind: 'lost', origin, of: 'actor', error }),
    'give-up': giveUp,
  },

  terminating: {
    ...ATTACHED,
    terminate: (state) => {
      const joined = { ...state, callers: state.callers + 1 }
      if (!state.isStale) return joined
      const ask = state.asks + 1
      return to({ ...joined, asks: ask, isStale: false }, { do: 'ask-terminate', ask })
    },
    close: (state) => to({ ...state, isClosing: true }, { do: 'raise', barrier: 'closed' }),
    // Its termination has been asked for.
    discard: ({ origin }) => letGo(origin, LIVING, false, { do: 'settle-terminates' }),
    powered: (state, { power }) => ({ ...state, power }),
    'terminate-failed': (state, { ask, error }) =>
      ask === state.asks ? terminated(state, { do: 'settle-terminates', error }) : state,
    'terminate-late': (state) =>
      state.callers > 1 ? { ...state, callers: state.callers - 1, isStale: true } : terminated(state),
    exited: ({ origin, isClosing }, { exit }) =>
      isClosing
        ? letGo(origin, fateOf(exit), false, tellExit(exit), { do: 'settle-terminates' })
        : to({ kind: 'exited', exit }, tellExit(exit), { do: 'settle-terminates' }, { do: 'lift' }),
    disconnected: ({ origin, isClosing }, { error }) => {
      const told: VmEffect[] = [tellLoss(error), { do: 'settle-terminates', error }]
      return isClosing
        ? letGo(origin, { kind: 'lost', error }, false, ...told)
        : to({ kind: 'lost', origin, of: 'service', error }, ...told, { do: 'lift' })
    },
    'actor-lost': ({ origin }, { error }) =>
      to({ kind: 'lost', origin, of: 'actor', error }, { do: 'settle-terminates', error }, { do: 'lift' }),
    'give-up': (_state, { error }) =>
      to({ kind: 'given-up', error }, { do: 'settle-terminates', error }, { do: 'refuse-waiters', error }),
  },

  exited: {
    ...ATTACHED,
    terminate: 'stays',
    close: ({ exit }) => letGo('opened', fateOf(exit), false),
    discard: ({ exit }) => letGo('opened', fateOf(exit), false),
    exited: 'stays',
    disconnected: 'stays',
    'actor-lost': ({ exit }) => ({ kind: 'closed', fate: fateOf(exit) }),
    'give-up': ({ exit }) => ({ kind: 'closed', fate: fateOf(exit) }),
  },

  lost: {
    ...DETACHED,
    attach: 'illegal',
    // A handle that the service forgot cannot be taken back.
    adopt: (state, event) => (state.of === 'actor' ? adopting(event) : state),
    terminate: 'illegal',
    close: (state) => closeLost(state),
    discard: (state) => closeLost(state),
    // What was heard before the loss and was delivered late still counts.
    exited: (state, { exit }) =>
      state.of === 'actor' ? to({ kind: 'closed', fate: fateOf(exit) }, tellExit(exit)) : state,
    disconnected: 'stays',
    'actor-lost': 'stays',
    'give-up': giveUp,
  },

  closing: {
    ...ATTACHED,
    terminate: 'stays',
    close: 'stays',
    discard: 'stays',
    // Was with HCS when the close came.
    obtained: (state) => to(state, { do: 'discard-handle', terminateFirst: endsWith(state.origin, state.fate) }),
    exited: (state, { exit }) => heard(state, fateOf(exit), tellExit(exit)),
    disconnected: (state, { error }) => heard(state, { kind: 'lost', error }, tellLoss(error)),
    released: ({ fate }) => to({ kind: 'closed', fate }, { do: 'refuse-waiters' }),
    'actor-lost': ({ fate }) => to({ kind: 'closed', fate }, { do: 'refuse-waiters' }),
    'give-up': ({ fate }) => to({ kind: 'closed', fate }, { do: 'refuse-waiters' }),
  },

  closed: {
    ...ATTACHED,
    terminate: 'stays',
    close: 'stays',
    discard: 'stays',
    exited: 'stays',
    disconnected: 'stays',
    'actor-lost': 'stays',
    'give-up': 'stays',
  },

  'given-up': {
    ...ATTACHED,
    terminate: 'illegal',
    close: closeNothing,
    discard: closeNothing,
    exited: 'stays',
    disconnected: 'stays',
    'actor-lost': 'stays',
    'give-up': 'stays',
  },
}

function adopting({ origin, token, exit }: EventOf<'adopt'>): VmState {
  return { kind: 'adopting', origin, token, isWanted: true, fate: exit === undefined ? LIVING : fateOf(exit) }
}

/** The termination is over without an exit: the VM can be asked again, or the close goes on. */
function terminated(state: StateOf<'terminating'>, ...told: VmEffect[]): Step {
  const { origin, power, asks, isClosing } = state
  if (isClosing)
    return letGo(origin, LIVING, false, ...(told.length > 0 ? told : [{ do: 'settle-terminates' } as const]))
  return to({ kind: 'open', origin, power, asks }, ...told, { do: 'lift' })
}

/** There is no handle to let go of. */
function closeNothing(): Step {
  return to({ kind: 'closed', fate: LIVING }, { do: 'raise', barrier: 'closed' }, { do: 'refuse-waiters' })
}

/** A VM that has exited is no riddle. */
function giveUp(state: VmState, { error }: { error: UVMError }): Step {
  if ('fate' in state && state.fate.kind === 'exited') return to({ kind: 'closed', fate: state.fate })
  return to({ kind: 'given-up', error }, { do: 'refuse-waiters', error })
}

function closeLost({ origin, of, error }: StateOf<'lost'>): Step {
  const fate: Fate = { kind: 'lost', error }
  return of === 'service'
    ? letGo(origin, fate, false)
    : to({ kind: 'closed', fate }, { do: 'raise', barrier: 'closed' }, { do: 'refuse-waiters', error })
}

/** @throws {InvalidStateError} what may not be asked in this state */
export function step(state: VmState, event: VmEvent): Step {
  const entry = TABLE[state.kind][event.type] as Entry<Kind, EventType>
  if (entry === 'stays') return { state, effects: [] }
  if (entry === 'illegal') {
    const reason = `${event.type} is not possible while the handle is ${state.kind}; nothing was sent`
    throw new InvalidStateError({ state: state.kind, reason })
  }
  const next = (entry as (state: VmState, event: VmEvent) => Step | VmState)(state, event)
  return 'kind' in next ? { state: next, effects: [] } : next
}
