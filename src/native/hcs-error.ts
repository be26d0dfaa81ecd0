// A provider's rejection as the library's error. The HRESULT of the call is authoritative; the result document only adds detail, and
// whatever is wrong with it never hides the code.

import { HcsError, UVMError, withContext, type HcsErrorEvent } from '../errors.js'
import { HRESULT, unsigned } from '../protocol/hresult.js'
import { isRecord, member, parseJson } from '../protocol/json.js'

export interface HcsCall {
  op: string
  id?: string | undefined
  path?: string | undefined
}

/**
 * An HcsError for whatever a provider rejected with. An error of ours that carries op and id already is passed through; one without an
 * hresult counts as 0x8000FFFF.
 */
export function hcsError(rejection: unknown, call: HcsCall): UVMError {
  try {
    return readRejection(rejection, call)
  } catch (cause) {
    // It has a getter that throws.
    return new HcsError({ op: call.op, id: call.id, path: call.path, hresult: HRESULT.E_UNEXPECTED, cause })
  }
}

function readRejection(rejection: unknown, call: HcsCall): UVMError {
  if (rejection instanceof UVMError && rejection.op !== undefined && rejection.id !== undefined) return rejection
  if (rejection instanceof UVMError && !(rejection instanceof HcsError)) {
    return withContext(rejection, { op: call.op, ...(call.id === undefined ? {} : { id: call.id }) })
  }
  const code = isObject(rejection) ? rejection['hresult'] : undefined
  const known = typeof code === 'number' && Number.isFinite(code)
  const hresult = known ? unsigned(code) : HRESULT.E_UNEXPECTED
  const document = isObject(rejection) ? rejection['document'] : undefined
  const result = parseResultError(typeof document === 'string' ? document : '')
  const kept = rejection instanceof HcsError ? rejection : undefined
  const detail = result.message ?? (known || !(rejection instanceof Error) ? undefined : rejection.message)
  return new HcsError({
    op: call.op,
    id: call.id,
    path: call.path ?? kept?.path,
    hresult,
    events: result.events.length > 0 ? result.events : kept?.events,
    attribution: result.attribution ?? kept?.attribution,
    detail,
    // An HcsError of the provider says nothing that this one does not.
    cause: kept === undefined && rejection instanceof Error ? rejection : kept?.cause,
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

interface ResultError {
  message?: string
  events: HcsErrorEvent[]
  attribution?: unknown[]
}

/** The parts of a ResultError document that are what they should be; none for text that is no such document. */
export function parseResultError(text: string): ResultError {
  let document: unknown
  try {
    document = text === '' ? undefined : parseJson(text)
  } catch {
    return { events: [] }
  }
  const message = member(document, 'ErrorMessage')
  const events = member(document, 'ErrorEvents')
  const attribution = member(document, 'Attribution')
  return {
    ...(typeof message === 'string' && message !== '' ? { message } : {}),
    events: Array.isArray(events) ? events.filter(isRecord).map(parseEvent) : [],
    ...(Array.isArray(attribution) ? { attribution } : {}),
  }
}

function parseEvent(event: Record<string, unknown>): HcsErrorEvent {
  const parsed: HcsErrorEvent = {}
  for (const key of ['Message', 'Provider', 'Source', 'StackTrace'] as const) {
    const value = member(event, key)
    if (typeof value === 'string') parsed[key] = value
  }
  for (const key of ['EventId', 'Flags'] as const) {
    const value = member(event, key)
    if (typeof value === 'number') parsed[key] = value
  }
  const data = member(event, 'Data')
  if (Array.isArray(data)) parsed.Data = data
  return parsed
}
