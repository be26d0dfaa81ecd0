// What can be said of one VM handle: the states of its life with what is known in each, what happens to it, and what is to be done then.

import type { UVMError } from '../../../errors.js'
import type { ExitNotice } from '../contract.js'
import type { Power } from '../power.js'
import type { Barrier } from '../queue.js'

/** Whose VM it is: one of our own making ends with what nobody wants. */
export type Origin = 'created' | 'opened'

/** What was heard of the VM before its handle could be used. */
export type Fate = { kind: 'living' } | { kind: 'exited'; exit: ExitNotice } | { kind: 'lost'; error: UVMError }

export type VmState =
  /** Nothing was asked for. */
  | { kind: 'new' }
  /** HCS is asked for the handle. */
  | { kind: 'attaching'; origin: Origin; isWanted: boolean; fate: Fate }
  /** The handle is there and its properties are read. */
  | { kind: 'describing'; origin: Origin; isWanted: boolean; fate: Fate }
  /** The handle of a lost thread is being taken back by its token. */
  | { kind: 'adopting'; origin: Origin; token: string; isWanted: boolean; fate: Fate }
  /** In use. `asks`: terminations asked for so far. */
  | { kind: 'open'; origin: Origin; power: Power; asks: number }
  /** A termination is under way for so many callers. Stale: the time of one ran out, so the next asks again. A close waits for its end. */
  | {
      kind: 'terminating'
      origin: Origin
      power: Power
      asks: number
      callers: number
      isStale: boolean
      isClosing: boolean
    }
  /** The handle is still there, and answers. */
  | { kind: 'exited'; exit: ExitNotice }
  /** The service went away: the handle is dead, but ours. The actor did: there is none until it is adopted again. */
  | { kind: 'lost'; origin: Origin; of: 'service' | 'actor'; error: UVMError }
  /** Calls that HCS has are waited for, then the handle goes. */
  | { kind: 'closing'; origin: Origin; fate: Fate }
  | { kind: 'closed'; fate: Fate }
  /** It could not be taken back. Nobody here knows what the VM does. */
  | { kind: 'given-up'; error: UVMError }

export type VmEvent =
  // Asked by callers.
  | { type: 'attach'; origin: Origin }
  /** `exit`: told already. */
  | { type: 'adopt'; origin: Origin; token: string; exit?: ExitNotice | undefined }
  | { type: 'terminate' }
  | { type: 'close' }
  /** Close what nobody has taken: a VM of our making ends. */
  | { type: 'discard' }
  /** Whoever asked for the handle has gone. */
  | { type: 'abandon' }
  // Of HCS and of time.
  | { type: 'obtained' }
  | { type: 'unobtainable'; error: UVMError }
  | { type: 'described'; power: Power }
  | { type: 'indescribable' }
  | { type: 'powered'; power: Power }
  | { type: 'terminate-failed'; ask: number; error: UVMError }
  /** The time of one caller ran out. */
  | { type: 'terminate-late' }
  | { type: 'exited'; exit: ExitNotice }
  | { type: 'disconnected'; error: UVMError }
  | { type: 'released' }
  // Of supervision.
  | { type: 'actor-lost'; error: UVMError }
  | { type: 'give-up'; error: UVMError }

export type VmEffect =
  | { do: 'raise'; barrier: Barrier }
  | { do: 'lift' }
  | { do: 'ask-terminate'; ask: number }
  /** Everybody who waits for the termination. */
  | { do: 'settle-terminates'; error?: UVMError }
  /** To whoever listens and to whoever waits. */
  | { do: 'tell-exit'; exit: ExitNotice }
  | { do: 'tell-loss'; error: UVMError }
  /** Wait for what HCS has, and let go of the handle; `released` follows. */
  | { do: 'release'; terminateFirst: boolean }
  /** A handle came that nobody wants. */
  | { do: 'discard-handle'; terminateFirst: boolean }
  /** Whoever still waits for the exit will not hear of it here. */
  | { do: 'refuse-waiters'; error?: UVMError }

export interface Step {
  readonly state: VmState
  readonly effects: readonly VmEffect[]
}

// ---------------------------------------------------------------------------------------------------------------- what a state tells

/** The exit, once it is known. */
export function exitOf(state: VmState): ExitNotice | undefined {
  if (state.kind === 'exited') return state.exit
  return 'fate' in state && state.fate.kind === 'exited' ? state.fate.exit : undefined
}

/** Why nothing more will be heard of the VM here. */
export function lossOf(state: VmState): UVMError | undefined {
  if (state.kind === 'lost' || state.kind === 'given-up') return state.error
  return 'fate' in state && state.fate.kind === 'lost' ? state.fate.error : undefined
}

/** Closed, closing or exited: there is nothing to end. */
export function isOver(state: VmState): boolean {
  return state.kind === 'closing' || state.kind === 'closed' || exitOf(state) !== undefined
}

/** Whether calls may be made on the handle. */
export function isUsable(state: VmState): boolean {
  if (state.kind === 'terminating') return !state.isClosing
  return state.kind === 'open' || state.kind === 'exited' || state.kind === 'describing'
}

/** What the VM does, as far as this handle knows. */
export function powerOf(state: VmState): Power {
  return state.kind === 'open' || state.kind === 'terminating' ? state.power : 'unknown'
}
