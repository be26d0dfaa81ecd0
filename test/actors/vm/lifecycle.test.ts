// The life of a VM handle as a table: what every event does in every state, and what holds whatever happens in whatever order.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { HcsError, InvalidStateError } from '#dist/index.js'
import type { VmEffect, VmEvent, VmState } from '#dist/actors/vm/lifecycle/states.js'
import { exitOf, isOver, isUsable, lossOf } from '#dist/actors/vm/lifecycle/states.js'
import { step } from '#dist/actors/vm/lifecycle/table.js'

const EXIT = { status: 0, exitType: 'GracefulExit', atMs: 5 }
const LATER = { status: 1, exitType: 'ForcedExit', atMs: 6 }
const error = new HcsError({ op: 'vm.x', id: 'vm', hresult: 0x8037_011e })
const living = { kind: 'living' } as const
const exitedFate = { kind: 'exited', exit: EXIT } as const
const lostFate = { kind: 'lost', error } as const

/** Every state there is, with the data that makes a difference. */
const STATES: Record<string, VmState> = {
  new: { kind: 'new' },
  creating: { kind: 'attaching', origin: 'created', isWanted: true, fate: living },
  opening: { kind: 'attaching', origin: 'opened', isWanted: true, fate: living },
  'creating, unwanted': { kind: 'attaching', origin: 'created', isWanted: false, fate: living },
  'creating, lost': { kind: 'attaching', origin: 'created', isWanted: true, fate: lostFate },
  'created, read': { kind: 'describing', origin: 'created', isWanted: true, fate: living },
  'created, read, unwanted': { kind: 'describing', origin: 'created', isWanted: false, fate: living },
  'created, read, exited': { kind: 'describing', origin: 'created', isWanted: true, fate: exitedFate },
  'opened, read': { kind: 'describing', origin: 'opened', isWanted: true, fate: living },
  adopting: { kind: 'adopting', origin: 'created', token: 't', isWanted: true, fate: living },
  'adopting, unwanted': { kind: 'adopting', origin: 'created', token: 't', isWanted: false, fate: living },
  'adopting, exited': { kind: 'adopting', origin: 'created', token: 't', isWanted: true, fate: exitedFate },
  'adopting, lost': { kind: 'adopting', origin: 'created', token: 't', isWanted: true, fate: lostFate },
  open: { kind: 'open', origin: 'created', power: 'running', asks: 0 },
  'open, of another': { kind: 'open', origin: 'opened', power: 'created', asks: 1 },
  terminating: terminating({}),
  'terminating for two': terminating({ callers: 2 }),
  'terminating, stale': terminating({ callers: 1, isStale: true }),
  'terminating, closing': terminating({ isClosing: true }),
  'terminating for two, closing': terminating({ callers: 2, isClosing: true }),
  exited: { kind: 'exited', exit: EXIT },
  'lost, service': { kind: 'lost', origin: 'created', of: 'service', error },
  'lost, actor': { kind: 'lost', origin: 'created', of: 'actor', error },
  closing: { kind: 'closing', origin: 'created', fate: living },
  'closing, exited': { kind: 'closing', origin: 'created', fate: exitedFate },
  closed: { kind: 'closed', fate: living },
  'given up': { kind: 'given-up', error },
}

function terminating(more: Partial<Extract<VmState, { kind: 'terminating' }>>): VmState {
  return {
    kind: 'terminating',
    origin: 'created',
    power: 'running',
    asks: 3,
    callers: 1,
    isStale: false,
    isClosing: false,
    ...more,
  }
}

const EVENTS = {
  attach: { type: 'attach', origin: 'created' },
  adopt: { type: 'adopt', origin: 'created', token: 't' },
  terminate: { type: 'terminate' },
  close: { type: 'close' },
  discard: { type: 'discard' },
  abandon: { type: 'abandon' },
  obtained: { type: 'obtained' },
  unobtainable: { type: 'unobtainable', error },
  described: { type: 'described', power: 'created' },
  indescribable: { type: 'indescribable' },
  powered: { type: 'powered', power: 'paused' },
  'terminate-failed': { type: 'terminate-failed', ask: 3, error },
  'terminate-late': { type: 'terminate-late' },
  exited: { type: 'exited', exit: LATER },
  disconnected: { type: 'disconnected', error },
  released: { type: 'released' },
  'actor-lost': { type: 'actor-lost', error },
  'give-up': { type: 'give-up', error },
} satisfies { [T in VmEvent['type']]: Extract<VmEvent, { type: T }> }

type EventName = keyof typeof EVENTS

/** Kind of the next state, and what is to be done, in short. A pair that is absent stays as it is; `illegal` is refused. */
const CLOSED = 'closed: raise closed, refuse-waiters'
const GONE = 'closing: raise closed, release'
const ENDED = 'closing: raise closed, release terminating'
const GIVEN_UP = 'given-up: refuse-waiters with error'
const TOLD = 'tell-exit ForcedExit'
const ILLEGAL_ONCE = { attach: 'illegal', adopt: 'illegal' }
const UNBOUND = { ...ILLEGAL_ONCE, terminate: 'illegal' }
const STRAY = (kind: string): string => `${kind}: discard-handle`
const ATTACHING = {
  ...UNBOUND,
  abandon: 'attaching:',
  close: GONE,
  discard: GONE,
  unobtainable: CLOSED,
  exited: `attaching: ${TOLD}`,
  disconnected: 'attaching: tell-loss',
  'actor-lost': 'lost:',
  'give-up': GIVEN_UP,
}
const DESCRIBING = {
  ...UNBOUND,
  abandon: 'describing:',
  close: GONE,
  discard: ENDED,
  obtained: STRAY('describing'),
  described: 'open:',
  indescribable: ENDED,
  exited: `describing: ${TOLD}`,
  disconnected: 'describing: tell-loss',
  'actor-lost': 'lost:',
  'give-up': GIVEN_UP,
}
const ADOPTING = {
  ...UNBOUND,
  abandon: 'adopting:',
  close: GONE,
  discard: GONE,
  obtained: 'open:',
  unobtainable: GIVEN_UP,
  exited: `adopting: ${TOLD}`,
  disconnected: 'adopting: tell-loss',
  'actor-lost': 'lost:',
  'give-up': GIVEN_UP,
}
const OPEN = {
  ...ILLEGAL_ONCE,
  terminate: 'terminating: raise terminating, ask-terminate 1',
  close: GONE,
  discard: ENDED,
  obtained: STRAY('open'),
  powered: 'open:',
  exited: `exited: ${TOLD}`,
  disconnected: 'lost: tell-loss',
  'actor-lost': 'lost:',
  'give-up': GIVEN_UP,
}
const TERMINATING = {
  ...ILLEGAL_ONCE,
  terminate: 'terminating:',
  close: 'terminating: raise closed',
  discard: 'closing: settle-terminates, raise closed, release',
  obtained: STRAY('terminating'),
  powered: 'terminating:',
  'terminate-failed': 'open: settle-terminates with error, lift',
  'terminate-late': 'open: lift',
  exited: `exited: ${TOLD}, settle-terminates, lift`,
  disconnected: 'lost: tell-loss, settle-terminates with error, lift',
  'actor-lost': 'lost: settle-terminates with error, lift',
  'give-up': 'given-up: settle-terminates with error, refuse-waiters with error',
}
const TERMINATING_CLOSING = {
  ...TERMINATING,
  close: 'terminating: raise closed',
  'terminate-failed': 'closing: settle-terminates with error, raise closed, release',
  'terminate-late': 'closing: settle-terminates, raise closed, release',
  exited: `closing: ${TOLD}, settle-terminates, raise closed, release`,
  disconnected: 'closing: tell-loss, settle-terminates with error, raise closed, release',
}
const ALL_TOLD = { exited: undefined, disconnected: undefined }
const TABLE: Record<string, Partial<Record<EventName, string | undefined>>> = {
  new: {
    attach: 'attaching:',
    adopt: 'adopting:',
    terminate: 'illegal',
    close: CLOSED,
    discard: CLOSED,
    obtained: STRAY('new'),
    'give-up': GIVEN_UP,
  },
  creating: { ...ATTACHING, obtained: 'describing:' },
  opening: { ...ATTACHING, obtained: 'describing:' },
  'creating, unwanted': { ...ATTACHING, obtained: ENDED },
  'creating, lost': { ...ATTACHING, ...ALL_TOLD, obtained: GONE },
  'created, read': DESCRIBING,
  'created, read, unwanted': { ...DESCRIBING, described: ENDED },
  'created, read, exited': {
    ...DESCRIBING,
    ...ALL_TOLD,
    discard: GONE,
    indescribable: GONE,
    described: 'exited:',
    'actor-lost': 'closed:',
    'give-up': 'closed:',
  },
  'opened, read': { ...DESCRIBING, discard: GONE, indescribable: GONE },
  adopting: ADOPTING,
  'adopting, unwanted': { ...ADOPTING, obtained: GONE },
  'adopting, exited': {
    ...ADOPTING,
    ...ALL_TOLD,
    obtained: 'exited:',
    unobtainable: 'closed:',
    'actor-lost': 'closed:',
    'give-up': 'closed:',
  },
  'adopting, lost': { ...ADOPTING, ...ALL_TOLD, obtained: 'lost:' },
  open: OPEN,
  'open, of another': { ...OPEN, discard: GONE, terminate: 'terminating: raise terminating, ask-terminate 2' },
  terminating: TERMINATING,
  'terminating for two': { ...TERMINATING, 'terminate-late': 'terminating:' },
  'terminating, stale': { ...TERMINATING, terminate: 'terminating: ask-terminate 4' },
  'terminating, closing': TERMINATING_CLOSING,
  'terminating for two, closing': { ...TERMINATING_CLOSING, 'terminate-late': 'terminating:' },
  exited: {
    ...ILLEGAL_ONCE,
    close: GONE,
    discard: GONE,
    obtained: STRAY('exited'),
    'actor-lost': 'closed:',
    'give-up': 'closed:',
  },
  'lost, service': {
    attach: 'illegal',
    terminate: 'illegal',
    close: GONE,
    discard: GONE,
    obtained: STRAY('lost'),
    'give-up': GIVEN_UP,
  },
  'lost, actor': {
    attach: 'illegal',
    adopt: 'adopting:',
    terminate: 'illegal',
    close: 'closed: raise closed, refuse-waiters with error',
    discard: 'closed: raise closed, refuse-waiters with error',
    obtained: STRAY('lost'),
    exited: `closed: ${TOLD}`,
    'give-up': GIVEN_UP,
  },
  closing: {
    ...ILLEGAL_ONCE,
    obtained: 'closing: discard-handle terminating',
    exited: `closing: ${TOLD}`,
    disconnected: 'closing: tell-loss',
    released: 'closed: refuse-waiters',
    'actor-lost': 'closed: refuse-waiters',
    'give-up': 'closed: refuse-waiters',
  },
  'closing, exited': {
    ...ILLEGAL_ONCE,
    obtained: STRAY('closing'),
    released: 'closed: refuse-waiters',
    'actor-lost': 'closed: refuse-waiters',
    'give-up': 'closed: refuse-waiters',
  },
  closed: { ...ILLEGAL_ONCE, obtained: STRAY('closed') },
  'given up': { ...UNBOUND, close: CLOSED, discard: CLOSED, obtained: STRAY('given-up') },
}

function short(effect: VmEffect): string {
  switch (effect.do) {
    case 'raise':
      return `raise ${effect.barrier}`
    case 'ask-terminate':
      return `ask-terminate ${effect.ask}`
    case 'tell-exit':
      return `tell-exit ${effect.exit.exitType}`
    case 'release':
    case 'discard-handle':
      return effect.terminateFirst ? `${effect.do} terminating` : effect.do
    case 'settle-terminates':
    case 'refuse-waiters':
      return effect.error === undefined ? effect.do : `${effect.do} with error`
    default:
      return effect.do
  }
}

/** The outcome in the words of the table; undefined when the state stays the same and nothing is to be done. */
function outcome(state: VmState, event: VmEvent): string | undefined {
  let next
  try {
    next = step(state, event)
  } catch (thrown) {
    assert(thrown instanceof InvalidStateError)
    assert.equal(thrown.state, state.kind)
    return 'illegal'
  }
  if (next.state === state && next.effects.length === 0) return undefined
  return `${next.state.kind}: ${next.effects.map(short).join(', ')}`.trim()
}

describe('life of a VM handle', () => {
  for (const [name, state] of Object.entries(STATES)) {
    it(`${name}: every event does what the table says`, () => {
      const row = TABLE[name]!
      for (const event of Object.values(EVENTS)) {
        assert.equal(outcome(state, event), row[event.type], `${event.type} in ${name}`)
      }
    })
  }

  it('every kind of state is in the table', () => {
    const kinds = new Set(Object.values(STATES).map(({ kind }) => kind))
    assert.equal(kinds.size, 11)
    assert.deepEqual(Object.keys(TABLE), Object.keys(STATES))
  })

  it('the answer to an earlier termination does not end a later one', () => {
    const state = terminating({ asks: 3 })
    assert.equal(step(state, { type: 'terminate-failed', ask: 2, error }).state, state)
  })

  it('a power state is kept through a termination that fails', () => {
    const { state } = step(STATES['terminating']!, { type: 'powered', power: 'paused' })
    const after = step(state, EVENTS['terminate-failed']).state
    assert.deepEqual(after, { kind: 'open', origin: 'created', power: 'paused', asks: 3 })
  })

  it('an exit is known to every state that has heard of it', () => {
    for (const name of ['created, read, exited', 'adopting, exited', 'exited', 'closing, exited'])
      assert.equal(exitOf(STATES[name]!), EXIT)
    for (const name of ['creating, lost', 'lost, service', 'lost, actor', 'given up'])
      assert.equal(lossOf(STATES[name]!), error)
    assert.equal(exitOf(STATES['open']!), undefined)
  })

  it('calls may be made while the handle is there and stays', () => {
    const usable = Object.entries(STATES).filter(([, state]) => isUsable(state))
    assert.deepEqual(
      new Set(usable.map(([, { kind }]) => kind)),
      new Set(['describing', 'open', 'terminating', 'exited']),
    )
    assert.equal(isUsable(STATES['terminating, closing']!), false)
    for (const name of ['exited', 'closing', 'closed', 'closing, exited']) assert.equal(isOver(STATES[name]!), true)
    assert.equal(isOver(STATES['open']!), false)
  })
})

/** Does what the effects say, as the actor would, and complains of what must never be. */
class Model {
  state: VmState = { kind: 'new' }
  handles = 0
  exits = 0
  losses = 0
  waiters = 0
  callers = 0
  releases = 0
  barrier: string | undefined

  do(event: VmEvent): void {
    const before = this.state
    // A handle comes only when one was asked for, or as a stray; it counts from then on.
    if (event.type === 'obtained') this.handles++
    if (event.type === 'terminate-late' && this.callers > 0) this.callers--
    let next
    try {
      next = step(before, event)
    } catch (thrown) {
      assert(thrown instanceof InvalidStateError)
      return
    }
    this.state = next.state
    if (event.type === 'terminate' && this.state.kind === 'terminating') this.callers++
    for (const effect of next.effects) this.#perform(effect)
    this.#check()
  }

  #perform(effect: VmEffect): void {
    switch (effect.do) {
      case 'raise':
        this.barrier = effect.barrier
        return
      case 'lift':
        assert.equal(this.barrier, 'terminating')
        this.barrier = undefined
        return
      case 'ask-terminate':
        assert.equal(this.state.kind, 'terminating')
        assert.equal(this.releases, 0, 'asked after the handle was let go of')
        return
      case 'settle-terminates':
        this.callers = 0
        return
      case 'tell-exit':
        this.exits++
        this.waiters = 0
        return
      case 'tell-loss':
        this.losses++
        this.waiters = 0
        return
      case 'refuse-waiters':
        this.waiters = 0
        return
      case 'release':
        this.releases++
        assert.equal(this.state.kind, 'closing')
        return
      case 'discard-handle':
        this.handles--
    }
  }

  #check(): void {
    const { state } = this
    assert(this.exits <= 1, 'the exit is told once')
    assert(this.releases <= 1, 'a handle is let go of once')
    assert.equal(state.kind === 'terminating' ? state.callers : 0, this.callers, 'every caller of terminate is known')
    if (this.exits > 0) assert.notEqual(exitOf(state), undefined, 'an exit is remembered')
    if (state.kind === 'closed' || state.kind === 'given-up') assert.equal(this.waiters, 0, 'nobody waits for nothing')
    if (state.kind === 'closed' || state.kind === 'closing') assert.notEqual(isUsable(state), true)
  }
}

describe('life of a VM handle, whatever happens in whatever order', () => {
  const asked = fc.constantFrom<VmEvent>(...(Object.values(EVENTS) as VmEvent[]))
  const wait = fc.constant('wait' as const)

  it('the exit is told once, waiters settle once, and a handle is let go of once and for all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 8, arbitrary: asked }, { weight: 2, arbitrary: wait }), { maxLength: 40 }),
        (all) => {
          const model = new Model()
          for (const one of all) {
            if (one !== 'wait') model.do(one)
            else if (exitOf(model.state) === undefined && lossOf(model.state) === undefined && !isOver(model.state))
              model.waiters++
          }
          // However far it came, an end is always possible, and after it there is nothing.
          model.do({ type: 'close' })
          for (let callers = model.callers; callers > 0; callers--) model.do({ type: 'terminate-late' })
          model.do({ type: 'released' })
          assert.equal(model.state.kind, 'closed')
          assert.equal(model.waiters, 0)
          assert.equal(model.callers, 0)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
