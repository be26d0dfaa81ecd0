// Every error class and code of the package, and the predicates over them.
//
// A message says what was tried, on what, and why it failed. Match on `code` (or the predicates) rather than with instanceof when two
// copies of the package may be loaded.

import { canonical, describeHresult, HRESULT, hresultMessage, hresultName, unsigned } from './protocol/hresult.js'

export interface ErrorContext {
  /** Label of the operation, such as `vm.start`. */
  op?: string | undefined
  /** Compute system id. */
  id?: string | undefined
  cause?: unknown
}

function compose(context: ErrorContext, reason: string): string {
  const head = [context.op, context.id === undefined ? undefined : JSON.stringify(context.id)].filter(Boolean).join(' ')
  return head === '' ? reason : `${head}: ${reason}`
}

/** Base of all errors of this package. */
export abstract class UVMError extends Error {
  abstract readonly code: string
  declare readonly op?: string
  declare readonly id?: string

  constructor(context: ErrorContext, reason: string) {
    super(compose(context, reason), context.cause === undefined ? undefined : { cause: context.cause })
    this.name = new.target.name
    if (context.op !== undefined) this.op = context.op
    if (context.id !== undefined) this.id = context.id
  }
}

/** The same error, with what was tried and on which VM; one that says so already stays as it is. */
export function withContext<E extends UVMError>(error: E, context: { op: string; id?: string }): E {
  if (error.op !== undefined) return error
  return Object.assign(error, context, { message: compose(context, error.message) })
}

/** A mistake in the call, found before anything was sent. */
export class InvalidConfigError extends UVMError {
  readonly code = 'UVM_INVALID_CONFIG'
  /** Argument or document path. */
  declare readonly path?: string
  declare readonly value?: unknown

  constructor(details: ErrorContext & { path?: string; value?: unknown; reason: string }) {
    const what = details.path === undefined ? '' : `${details.path}: `
    const got = 'value' in details ? `, got ${show(details.value)}` : ''
    super(details, `${what}${details.reason}${got}`)
    if (details.path !== undefined) this.path = details.path
    if ('value' in details) this.value = details.value
  }
}

/** Refused because of what this side closed or ended. `state` says what that was. */
export class InvalidStateError extends UVMError {
  readonly code = 'UVM_INVALID_STATE'
  readonly state: string

  constructor(details: ErrorContext & { state: string; reason: string }) {
    super(details, details.reason)
    this.state = details.state
  }
}

export interface HcsErrorEvent {
  Message?: string
  Provider?: string
  EventId?: number
  Flags?: number
  Source?: string
  StackTrace?: string
  Data?: unknown[]
}

/** The compute service refused or failed. */
export class HcsError extends UVMError {
  readonly code = 'UVM_HCS_FAILED'
  /** Unsigned: 0x8037010E, never -2143878898. */
  readonly hresult: number
  readonly hresultName: string
  readonly events: HcsErrorEvent[]
  /** Resource path of a modification. */
  declare readonly path?: string
  declare readonly attribution?: unknown[]

  constructor(
    details: ErrorContext & {
      hresult: number
      events?: HcsErrorEvent[] | undefined
      path?: string | undefined
      attribution?: unknown[] | undefined
      /** What the service said beyond the code. */
      detail?: string | undefined
    },
  ) {
    const place = details.path === undefined ? '' : `${details.path}: `
    // A service that only words its code says nothing new.
    const isNew = details.detail !== undefined && !['', hresultMessage(details.hresult)].includes(details.detail)
    const detail = isNew ? `; ${details.detail}` : ''
    const lines = (details.events ?? []).map(eventLine).filter((line) => line !== '')
    super(details, [`${place}${describeHresult(details.hresult)}${detail}`, ...lines].join('\n'))
    this.hresult = unsigned(details.hresult)
    this.hresultName = hresultName(details.hresult)
    this.events = details.events ?? []
    if (details.path !== undefined) this.path = details.path
    if (details.attribution !== undefined) this.attribution = details.attribution
  }
}

function eventLine(event: HcsErrorEvent): string {
  const parts = [
    event.Message,
    event.StackTrace && `Stack Trace: ${event.StackTrace}`,
    event.Provider && `Provider: ${event.Provider}`,
    event.EventId && `EventID: ${event.EventId}`,
    event.Flags && `flags: ${event.Flags}`,
    event.Source && `Source: ${event.Source}`,
  ].filter(Boolean)
  return parts.length === 0 ? '' : `[Event Detail: ${parts.join(' ')}]`
}

/** One entry of a guest's failing answer. `Result` is signed, as on the wire. */
export interface ErrorRecord {
  Result: number
  Message: string
  StackTrace?: string
  ModuleName: string
  FileName: string
  Line: number
  FunctionName?: string
}

/** The guest answered with a failing result; the connection stays usable. */
export class GuestRPCError extends UVMError {
  readonly code = 'UVM_GUEST_FAILED'
  /** Unsigned. */
  readonly result: number
  readonly errorMessage: string
  readonly records: ErrorRecord[]

  constructor(details: ErrorContext & { result: number; errorMessage?: string; records?: ErrorRecord[] }) {
    const said = details.errorMessage || (hresultMessage(details.result) ?? 'no further detail')
    super(details, `guest RPC failure: ${said} (${hresultName(details.result)})`)
    this.result = unsigned(details.result)
    this.errorMessage = details.errorMessage ?? ''
    this.records = details.records ?? []
  }
}

/** The guest broke the protocol; its connection is over. */
export class ProtocolError extends UVMError {
  readonly code = 'UVM_PROTOCOL'

  constructor(details: ErrorContext & { reason: string }) {
    super(details, details.reason)
  }
}

/** In flight when the connection ended: no answer will come. */
export class BridgeClosedError extends UVMError {
  readonly code = 'UVM_BRIDGE_CLOSED'

  constructor(details: ErrorContext & { reason?: string }) {
    super(details, `the guest connection closed${because(details.reason ?? causeText(details.cause))}`)
  }
}

/** Called before the connection exists or after its end. */
export class GuestConnectionUnavailableError extends UVMError {
  readonly code = 'UVM_NO_GUEST'

  constructor(details: ErrorContext & { reason?: string }) {
    super(details, `there is no guest connection${because(details.reason ?? causeText(details.cause))}`)
  }
}

/** Meant for another guest system, or a capability this guest lacks. */
export class UnsupportedGuestError extends UVMError {
  readonly code = 'UVM_UNSUPPORTED_GUEST'

  constructor(details: ErrorContext & { reason: string }) {
    super(details, details.reason)
  }
}

/** The time ran out. The operation may still happen when it was sent: the outcome is unknown then. */
export class OperationTimeoutError extends UVMError {
  readonly code = 'UVM_TIMEOUT'
  /** Milliseconds, as given. */
  readonly timeoutMs: number
  /** False: it was still waiting on this side, or only waited for something; nothing will come of it. */
  readonly sent: boolean

  /** `sent` is true unless given: what is not known to have stayed here may have happened. */
  constructor(details: ErrorContext & { timeoutMs: number; reason?: string | undefined; sent?: boolean }) {
    const sent = details.sent ?? true
    const waited = details.reason === undefined ? '' : ` (${details.reason})`
    const outcome = sent ? 'the outcome is unknown' : 'nothing was sent'
    super(details, `no answer within ${shortMs(details.timeoutMs)} ms${waited}; ${outcome}`)
    this.timeoutMs = details.timeoutMs
    this.sent = sent
  }
}

/** For people: whole milliseconds, two digits below ten. */
function shortMs(ms: number): number {
  return ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms)
}

/** The caller's signal. `cause` is its reason. */
export class AbortError extends UVMError {
  readonly code = 'ABORT_ERR'

  constructor(details: ErrorContext & { reason?: string }) {
    super(details, details.reason ?? 'aborted by the caller')
  }
}

/** A bounded queue is full. */
export class OverloadedError extends UVMError {
  readonly code = 'UVM_OVERLOADED'
  readonly limit: number

  constructor(details: ErrorContext & { limit: number; reason?: string }) {
    super(details, `${details.reason ?? 'the queue is full'} (limit ${details.limit})`)
    this.limit = details.limit
  }
}

/** The actor's thread died mid-call; the VM lives. */
export class ActorLostError extends UVMError {
  readonly code = 'UVM_ACTOR_LOST'

  constructor(details: ErrorContext & { reason?: string }) {
    super(details, `the actor was lost${because(details.reason ?? causeText(details.cause))}; the outcome is unknown`)
  }
}

/** No DLL, no function, no service, no rights. */
export class ProviderUnavailableError extends UVMError {
  readonly code = 'UVM_NO_PROVIDER'
  /** Unsigned; where the host said one. */
  declare readonly hresult?: number

  constructor(details: ErrorContext & { reason: string; hresult?: number | undefined }) {
    super(details, details.reason)
    if (details.hresult !== undefined) this.hresult = unsigned(details.hresult)
  }
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`
}

function causeText(cause: unknown): string | undefined {
  if (cause === undefined) return undefined
  return cause instanceof Error ? cause.message : String(cause)
}

/** A value in a message, short. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'object' && value !== null) return isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'function') return 'a function'
  return typeof value === 'bigint' ? `${value}n` : String(value)
}

/** A proxy that was revoked is no array, and no reason to throw. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

// ---------------------------------------------------------------------------------------------------------------- predicates

function fieldOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined
}

/** The failing code of an error of HCS or of a guest, older HCS forms turned into newer ones. */
function failureCode(error: unknown): number | undefined {
  const code = fieldOf(error, 'hresult') ?? fieldOf(error, 'result')
  return typeof code === 'number' ? canonical(code) : undefined
}

function hasCode(error: unknown, codes: readonly number[]): boolean {
  const code = failureCode(error)
  return code !== undefined && codes.includes(code)
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

/** This side closed the handle, or the guest connection ended. */
export function isAlreadyClosed(error: unknown): boolean {
  const code = fieldOf(error, 'code')
  return code === 'UVM_BRIDGE_CLOSED' || (code === 'UVM_INVALID_STATE' && fieldOf(error, 'state') === 'closed')
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
  return (
    fieldOf(error, 'code') === 'UVM_TIMEOUT' || fieldOf(error, 'name') === 'TimeoutError' || hasCode(error, TIMEOUT)
  )
}
