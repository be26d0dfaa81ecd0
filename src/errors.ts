// Every error class and code of the package; the predicates over them are in predicates.ts.
//
// A message says what was tried, on what, and why it failed. Match on `code` (or the predicates) rather than with instanceof when two
// copies of the package may be loaded.

import type { ImageErrorReason } from './errors-image.js'
import { describeHresult, HRESULT, hresultMessage, hresultName, unsigned } from './protocol/hresult.js'
import { describeThrown, isError } from './protocol/text.js'

export * from './predicates.js'
export type { ImageErrorReason }

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

/** `code` of every error of this package. */
export type UVMErrorCode =
  | 'UVM_INVALID_CONFIG'
  | 'UVM_INVALID_STATE'
  | 'UVM_HCS_FAILED'
  | 'UVM_GUEST_FAILED'
  | 'UVM_PROTOCOL'
  | 'UVM_BRIDGE_CLOSED'
  | 'UVM_NO_GUEST'
  | 'UVM_UNSUPPORTED_GUEST'
  | 'UVM_TIMEOUT'
  | 'ABORT_ERR'
  | 'UVM_OVERLOADED'
  | 'UVM_ACTOR_LOST'
  | 'UVM_NO_PROVIDER'
  | 'UVM_SIMULATION_STUCK'
  | 'UVM_IMAGE'

/** Base of all errors of this package. */
export abstract class UVMError extends Error {
  abstract readonly code: UVMErrorCode
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

/** The same error, with the state that the VM is in and what the call would need, when the service told neither. */
export function withState(error: HcsError, state: string, needed: string): HcsError {
  const [first = '', ...rest] = error.message.split('\n')
  const message = [`${first}; the VM is ${state}, and would have to be ${needed}`, ...rest].join('\n')
  return Object.assign(error, { message, state })
}

/** The same error, with what would help. */
export function withHint<E extends UVMError>(error: E, hint: string): E {
  return Object.assign(error, { message: `${error.message}; ${hint}` })
}

/** Longest string that an error shows or carries, characters. */
const MAX_SHOWN = 260

/** A mistake in the call, found before anything was sent. */
export class InvalidConfigError extends UVMError {
  readonly code = 'UVM_INVALID_CONFIG'
  /** Argument or document path. */
  declare readonly path?: string
  /** What is at `path`; absent where nothing is wrong with a value, or the value is or may be secret: a string of over 260 characters counts. */
  declare readonly value?: unknown

  /** `secret`, instead of `value`: something that may be secret; only what kind of thing it is becomes part of the message. */
  constructor(details: ErrorContext & { path?: string; value?: unknown; secret?: unknown; reason: string }) {
    const what = details.path === undefined ? '' : `${details.path}: `
    // No id, name or path of a host is that long, but a policy, a key or a document that was given by mistake is.
    const isShown = 'value' in details && !(typeof details.value === 'string' && details.value.length > MAX_SHOWN)
    const got =
      'value' in details
        ? isShown
          ? `, got ${show(details.value)}`
          : `, got a string of ${(details.value as string).length} characters`
        : 'secret' in details
          ? `, got ${showKind(details.secret)}`
          : ''
    super(details, `${what}${details.reason}${got}`)
    if (details.path !== undefined) this.path = details.path
    if (isShown) this.value = details.value
  }
}

/** What an error may carry of a value in a document: objects and functions by their kind alone. */
export function atPath(value: unknown): { value: unknown } | { secret: unknown } {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? { secret: value } : { value }
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
  /** The state that the VM was in, where this side knows it and the service refused for it: `created`, `running`, `paused`, … */
  declare readonly state?: string

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
    const hresult = failing(details.hresult)
    const odd = hresult === details.hresult ? '' : '; it failed and gave the code of success'
    // A service that only words its code says nothing new.
    const isNew = details.detail !== undefined && !['', hresultMessage(hresult)].includes(details.detail)
    const detail = `${odd}${isNew ? `; ${details.detail}` : ''}`
    const lines = (details.events ?? []).map(eventLine).filter((line) => line !== '')
    super(details, [`${place}${describeHresult(hresult)}${detail}`, ...lines].join('\n'))
    this.hresult = unsigned(hresult)
    this.hresultName = hresultName(hresult)
    this.events = details.events ?? []
    if (details.path !== undefined) this.path = details.path
    if (details.attribution !== undefined) this.attribution = details.attribution
  }
}

/** Something failed: a code that says S_OK is none, and counts as E_UNEXPECTED, as a missing one does. */
function failing(code: number): number {
  return unsigned(code) === 0 ? HRESULT.E_UNEXPECTED : code
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
    const result = failing(details.result)
    const said = details.errorMessage || (hresultMessage(result) ?? 'no further detail')
    super(details, `guest RPC failure: ${said} (${hresultName(result)})`)
    this.result = unsigned(result)
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
    super(details, withReason('the guest connection closed', details))
  }
}

/** Called before the connection exists or after its end. */
export class GuestConnectionUnavailableError extends UVMError {
  readonly code = 'UVM_NO_GUEST'

  constructor(details: ErrorContext & { reason?: string }) {
    super(details, withReason('there is no guest connection', details))
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

/** The actor's thread died mid-call, or could not be started again; the VM lives. */
export class ActorLostError extends UVMError {
  readonly code = 'UVM_ACTOR_LOST'
  /** False: the call had not reached the actor; nothing will come of it. */
  readonly sent: boolean

  /** `sent` is true unless given: what is not known to have stayed here may have happened. */
  constructor(details: ErrorContext & { reason?: string; sent?: boolean }) {
    const sent = details.sent ?? true
    super(details, `${withReason('the actor was lost', details)}${sent ? UNKNOWN : NOT_SENT}`)
    this.sent = sent
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

/** A guest image for VMs on Linux cannot be made or used. */
export class ImageError extends UVMError {
  readonly code = 'UVM_IMAGE'
  readonly reason: ImageErrorReason
  /** A command that would help, where there is one. */
  declare readonly help?: string

  constructor(details: ErrorContext & { reason: ImageErrorReason; what: string; help?: string | undefined }) {
    super(
      { op: 'image.build', ...details },
      details.help === undefined ? details.what : `${details.what}; ${details.help}`,
    )
    this.reason = details.reason
    if (details.help !== undefined) this.help = details.help
  }
}

/** In a simulation: what is awaited never comes, for nothing is left that could happen, or time went on without it. */
export class SimulationStuckError extends UVMError {
  readonly code = 'UVM_SIMULATION_STUCK'
  /** Calls without an answer, such as `vm "a": start`. */
  readonly waiting: string[]

  constructor(details: ErrorContext & { reason: string; waiting: string[] }) {
    const waits =
      details.waiting.length === 0 ? 'no call waits for an answer' : `waiting: ${details.waiting.join(', ')}`
    super(details, `${details.reason}; ${waits}`)
    this.waiting = details.waiting
  }
}

const UNKNOWN = '; the outcome is unknown'
const NOT_SENT = '; nothing was sent'

/** What happened and why. A reason that begins by saying what happened does not say it again. */
function withReason(what: string, details: ErrorContext & { reason?: string }): string {
  let reason = details.reason ?? causeText(details.cause)
  for (;;) {
    // In front of what happened stand at most the operation and the id of the error that said it first.
    const at = reason.indexOf(what)
    const head = reason.slice(0, Math.max(at, 0))
    if (at === -1 || !/^([\w.]+( "([^"\\]|\\.)*")?: )?$/.test(head)) break
    reason = reason.slice(at + what.length).replace(/^: /, '')
  }
  const end = [UNKNOWN, NOT_SENT].find((outcome) => reason.endsWith(outcome)) ?? ''
  const said = end === '' ? reason : reason.slice(0, -end.length)
  return said === '' ? what : `${what}: ${said}`
}

function causeText(cause: unknown): string {
  if (cause === undefined) return ''
  return isError(cause) ? cause.message : describeThrown(cause)
}

/** A value in a message, short. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'object' && value !== null) return isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'function') return 'a function'
  return typeof value === 'bigint' ? `${value}n` : String(value)
}

/** The same without what it says. */
function showKind(value: unknown): string {
  return typeof value === 'string' ? (value === '' ? 'an empty string' : 'a string') : show(value)
}

/** A proxy that was revoked is no array, and no reason to throw. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}
