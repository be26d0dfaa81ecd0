// What the VM does, as far as this handle knows: read when it was attached, and followed through the answers to start, pause and so on.
// Nothing is decided by it. HCS judges; this only makes its refusals say more.

import { HcsError, isInvalidState, isPending, isTimeout, withState, type UVMError } from '../../errors.js'
import { member, parseJson } from '../../protocol/json.js'

/** Of a VM that has not exited. */
export type Power = 'created' | 'running' | 'paused' | 'saved as a template' | 'unknown'

const NAMES: Readonly<Record<string, Power>> = {
  running: 'running',
  paused: 'paused',
  savedastemplate: 'saved as a template',
}

/** Of a property document's State, which one that was never started does not have. */
export function powerOfState(state: unknown): Power {
  if (state === undefined || state === null) return 'created'
  return (typeof state === 'string' ? NAMES[state.toLowerCase()] : undefined) ?? 'unknown'
}

/** The changes there are; modifications of every kind are one. */
export type ChangeKind = 'start' | 'shutdown' | 'pause' | 'resume' | 'save' | 'save-template' | 'modify' | 'migrate'

const RULES: Readonly<Record<ChangeKind, { needs: Power; becomes?: Power }>> = {
  start: { needs: 'created', becomes: 'running' },
  shutdown: { needs: 'running' },
  pause: { needs: 'running', becomes: 'paused' },
  resume: { needs: 'paused', becomes: 'running' },
  save: { needs: 'paused' },
  'save-template': { needs: 'paused', becomes: 'saved as a template' },
  modify: { needs: 'running' },
  migrate: { needs: 'running', becomes: 'unknown' },
}

/** By the options of a save, a document or ''. */
export function saveKind(options: string): ChangeKind {
  const saveType: unknown = options === '' ? undefined : member(parseJson(options), 'SaveType')
  return saveType === 'AsTemplate' ? 'save-template' : 'save'
}

/** After a change that succeeded; undefined when it changes nothing. */
function powerAfter(kind: ChangeKind): Power | undefined {
  return RULES[kind].becomes
}

/** A refusal for the VM's state names that state and the needed one, unless what is known here is not what HCS sees. */
export function explained(error: UVMError, kind: ChangeKind, power: Power): UVMError {
  const { needs } = RULES[kind]
  if (!(error instanceof HcsError) || !isInvalidState(error) || power === 'unknown' || power === needs) return error
  return withState(error, power, needs)
}

/** Tells the VM's power state by the answer to a change, however late it comes. */
export async function followPower(
  kind: ChangeKind,
  work: Promise<unknown>,
  tell: (power: Power) => void,
): Promise<void> {
  const power = powerAfter(kind)
  try {
    await work
    if (power !== undefined) tell(power)
  } catch (error) {
    const isUnclear = isTimeout(error) || isPending(error)
    if (power !== undefined && isUnclear) tell('unknown')
    throw error
  }
}
