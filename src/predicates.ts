// Predicates over any error, ours or not. They look through `cause` and into AggregateErrors, as deep as those go: an error that was caused
// by a time-out is one. They read fields, not classes, so that errors of another copy of the package are understood.

import { canonical, HRESULT } from './protocol/hresult.js'

function fieldOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined
}

/** Most errors looked at for one question: chains may have loops, and aggregates many members. */
const MOST_ERRORS = 256

/** Whether it holds of the error, of one of its causes, or of a member of an AggregateError among them. */
function some(error: unknown, holds: (error: unknown) => boolean): boolean {
  const found = new Set([error])
  let left = MOST_ERRORS
  for (const one of found) {
    if (left-- === 0) return false
    if (holds(one)) return true
    const cause = fieldOf(one, 'cause')
    if (typeof cause === 'object' && cause !== null) found.add(cause)
    const members = one instanceof AggregateError ? one.errors.slice(0, MOST_ERRORS) : []
    for (const member of members) found.add(member)
  }
  return false
}

/** The failing code of an error of HCS or of a guest, older HCS forms turned into newer ones. */
function failureCode(error: unknown): number | undefined {
  const code = fieldOf(error, 'hresult') ?? fieldOf(error, 'result')
  return typeof code === 'number' ? canonical(code) : undefined
}

function hasCode(error: unknown, codes: readonly number[]): boolean {
  return some(error, (one) => {
    const code = failureCode(one)
    return code !== undefined && codes.includes(code)
  })
}

const NOT_EXIST = [HRESULT.HCS_E_SYSTEM_NOT_FOUND, HRESULT.ERROR_NOT_FOUND]
const ALREADY_STOPPED = [
  HRESULT.HCS_E_SYSTEM_ALREADY_STOPPED,
  HRESULT.HCS_E_PROCESS_ALREADY_STOPPED,
  HRESULT.ERROR_NOT_FOUND,
]
const NOT_SUPPORTED = [
  HRESULT.HCS_E_INVALID_JSON,
  HRESULT.HCS_E_UNKNOWN_MESSAGE,
  HRESULT.HCS_E_UNSUPPORTED_PROTOCOL_VERSION,
  HRESULT.ERROR_INVALID_DATA,
  HRESULT.ERROR_NOT_SUPPORTED,
  HRESULT.E_NOTIMPL,
  HRESULT.ERROR_PROC_NOT_FOUND,
  HRESULT.HCS_E_SYSTEM_NOT_CONFIGURED_FOR_OPERATION,
]
const PENDING = [canonical(HRESULT.VMCOMPUTE_OPERATION_PENDING), HRESULT.HCS_E_OPERATION_PENDING]
const TIMEOUT = [
  HRESULT.HCS_E_OPERATION_TIMEOUT,
  HRESULT.HCS_E_CONNECTION_TIMEOUT,
  HRESULT.WAIT_TIMEOUT,
  HRESULT.ERROR_TIMEOUT,
]

/** The target is gone or never was. Element-not-found makes both this and isAlreadyStopped true: HCS uses it for either. */
export function isNotExist(error: unknown): boolean {
  return hasCode(error, NOT_EXIST)
}

export function isAlreadyStopped(error: unknown): boolean {
  return hasCode(error, ALREADY_STOPPED)
}

/** This side closed the handle, or the guest connection ended, during the call or before it. */
export function isAlreadyClosed(error: unknown): boolean {
  return some(error, (one) => {
    const code = fieldOf(one, 'code')
    return code === 'UVM_BRIDGE_CLOSED' || (code === 'UVM_INVALID_STATE' && fieldOf(one, 'state') === 'closed')
  })
}

/** The VM is not there to be asked: it never was, has stopped or exited, or its handle or guest connection is closed. */
export function isVMNotAvailable(error: unknown): boolean {
  const hasExited = (one: unknown): boolean =>
    fieldOf(one, 'code') === 'UVM_INVALID_STATE' && fieldOf(one, 'state') === 'exited'
  return isNotExist(error) || isAlreadyStopped(error) || isAlreadyClosed(error) || some(error, hasExited)
}

export function isNotSupported(error: unknown): boolean {
  return hasCode(error, NOT_SUPPORTED)
}

/** HCS refused because of the VM's present state. */
export function isInvalidState(error: unknown): boolean {
  return hasCode(error, [HRESULT.HCS_E_INVALID_STATE])
}

export function isAccessDenied(error: unknown): boolean {
  return hasCode(error, [HRESULT.E_ACCESSDENIED, HRESULT.HCS_E_ACCESS_DENIED])
}

export function isPending(error: unknown): boolean {
  return hasCode(error, PENDING)
}

/** Ran out of time, here or at the service; includes any error named TimeoutError. */
export function isTimeout(error: unknown): boolean {
  const isOurs = (one: unknown): boolean =>
    fieldOf(one, 'code') === 'UVM_TIMEOUT' || fieldOf(one, 'name') === 'TimeoutError'
  return some(error, isOurs) || hasCode(error, TIMEOUT)
}
