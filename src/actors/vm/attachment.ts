// What is asked of a handle before it counts as a VM, and what is said when it does not.

import { HcsError, InvalidStateError } from '../../errors.js'
import type { HcsEvent, HcsSystem } from '../../native/hcs.js'
import { parseGuid } from '../../protocol/guid.js'
import { HRESULT } from '../../protocol/hresult.js'
import { member, parseJson } from '../../protocol/json.js'
import type { VmAttached } from './contract.js'
import type { Origin } from './lifecycle/states.js'
import { powerOfState, type Power } from './power.js'

/** What a call is about. */
export interface Subject {
  op: string
  id: string
}

/** Asks the provider for a handle. */
export type Obtain = (onEvent: (event: HcsEvent) => void) => Promise<unknown>

/** @throws {HcsError} it is none */
export function assertSystem(subject: Subject, value: unknown): HcsSystem {
  if (isSystem(value)) return value
  throw unusable(subject, 'the provider answered with something that is no compute system')
}

/** As far as this side depends on it: without these no handle could be given back. */
function isSystem(value: unknown): value is HcsSystem {
  if (typeof value !== 'object' || value === null) return false
  const { properties, terminate, close } = value as Partial<HcsSystem>
  return [properties, terminate, close].every((method) => typeof method === 'function')
}

/** An answer of the service, or of its provider, that cannot be worked with. */
export function unusable(subject: Subject, detail: string, cause?: unknown): HcsError {
  return new HcsError({ ...subject, hresult: HRESULT.E_UNEXPECTED, detail, cause })
}

/** @throws {HcsError} a document without a runtime id */
export function readAttached(text: string, subject: Subject): Omit<VmAttached, 'exit' | 'token'> & { power: Power } {
  const document = parseJson(text)
  const runtimeId = member(document, 'RuntimeId')
  if (typeof runtimeId !== 'string' || runtimeId === '') throw unusable(subject, 'the properties have no RuntimeId')
  const os = member(document, 'RuntimeOsType')
  return {
    runtimeId: parseGuid(runtimeId) ?? runtimeId.toLowerCase(),
    ...(typeof os === 'string' ? { runtimeOsType: os } : {}),
    power: powerOfState(member(document, 'State')),
  }
}

/** A close came while HCS had the call: it was sent, and undone. */
export function endedMeanwhile(subject: Subject, origin: Origin): InvalidStateError {
  const what = origin === 'created' ? 'created; the VM was ended again' : 'opened; the handle was given back'
  return new InvalidStateError({ ...subject, state: 'closed', reason: `closed while the VM was being ${what}` })
}
