// The messages of the guest connection: requests as JSON text with their members in schema order, answers checked and taken apart.
//
// Names are matched as the reference matches them (folding.ts) and unknown members ignored. What does not decode is a ProtocolError: the guest broke the protocol.

import { ProtocolError, type ErrorRecord } from '../../errors.js'
import { isGuid, NULL_GUID } from '../guid.js'
import { isRecord, JsonError, parseJson } from '../json.js'
import { foldedMember as member, parseFolded } from './folding.js'
import type { RpcName } from './header.js'

/** The only protocol version this library speaks. */
export const PROTOCOL_VERSION = 4

/** WaitForProcess without a time limit. */
export const WAIT_FOREVER = 0xffff_ffff

/** The body of a request: the two base members, then its own as given; values are JSON text already. */
export function requestBody(containerId: string, members: Record<string, string> = {}): string {
  const own = Object.entries(members).map(([name, text]) => `,"${name}":${text}`)
  return `{"ContainerId":${JSON.stringify(containerId)},"ActivityId":"${NULL_GUID}"${own.join('')}}`
}

/** The body of a ModifySettings; `request` is its Request value, JSON text. */
export function modifyBody(containerId: string, request: string): string {
  return `{"ContainerId":${JSON.stringify(containerId)},"ActivityId":"${NULL_GUID}","Request":${request}}`
}

/** W3C trace context, as OpenTelemetry propagates it. */
export interface TraceHeaders {
  traceparent: string
  tracestate?: string
}

const BASE_END = `"ActivityId":"${NULL_GUID}"`

/** The body with the trace context among its base members, where the schema has it. */
export function tracedBody(body: string, { traceparent, tracestate }: TraceHeaders): string {
  // Quotes within the container id, the only text before it, are escaped: the first match is the member itself.
  const at = body.indexOf(BASE_END) + BASE_END.length
  return `${body.slice(0, at)},"otsc":${JSON.stringify({ traceparent, tracestate })}${body.slice(at)}`
}

export function negotiateBody(): string {
  return requestBody('', { MinimumVersion: `${PROTOCOL_VERSION}`, MaximumVersion: `${PROTOCOL_VERSION}` })
}

/** The host create message for the UVM itself. `timeZone` is a TimeZoneInformation document or ''. */
export function hostCreateBody(timeZone: string): string {
  const config = `{"SystemType":"Container","TimeZoneInformation":${timeZone === '' ? 'null' : timeZone}}`
  return requestBody(NULL_GUID, { ContainerConfig: JSON.stringify(config) })
}

/** Where a Linux guest (ports) or a Windows guest (service ids) connects the streams that were requested. */
export interface StdioRelay {
  StdIn?: number | string
  StdOut?: number | string
  StdErr?: number | string
}

export function executeBody(
  containerId: string,
  parameters: string,
  relayMember: 'VsockStdioRelaySettings' | 'StdioRelaySettings',
  relay: StdioRelay,
): string {
  const { StdIn, StdOut, StdErr } = relay
  const settings = `{"ProcessParameters":${JSON.stringify(parameters)},"${relayMember}":${JSON.stringify({ StdIn, StdOut, StdErr })}}`
  return requestBody(containerId, { Settings: settings })
}

/** What every answer has, with the rest of the document. */
export interface Answer {
  /** Signed, 0 for success. */
  result: number
  errorMessage: string
  records: readonly ErrorRecord[]
  body: Readonly<Record<string, unknown>>
  /** The document nested in a GetProperties answer; empty when there is none. */
  properties?: unknown
}

function nestedProperties(body: Record<string, unknown>, what: string): unknown {
  const text = member(body, 'Properties')
  if (text === undefined || text === null) return {}
  if (typeof text !== 'string') throw wrong(what, 'Properties', 'a string')
  return nested(text, what, 'Properties')
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeObject(payload: Uint8Array, what: string): { body: Record<string, unknown>; text: string } {
  let text: string
  let value: unknown
  try {
    text = decoder.decode(payload)
    value = parseFolded(text)
  } catch (error) {
    const reason = error instanceof JsonError ? error.message : 'not UTF-8 text'
    throw new ProtocolError({ reason: `the guest sent ${what} that cannot be decoded: ${reason}`, cause: error })
  }
  if (!isRecord(value)) throw new ProtocolError({ reason: `the guest sent ${what} that is no JSON object` })
  return { body: value, text }
}

function wrong(what: string, name: string, expected: string): ProtocolError {
  return new ProtocolError({ reason: `the guest sent ${what} whose ${name} is not ${expected}` })
}

function integerIn(body: Record<string, unknown>, what: string, name: string, low: number, high: number): number {
  const value = member(body, name) ?? 0
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
    throw wrong(what, name, `an integer from ${low} to ${high}`)
  }
  return value
}

function optionalString(body: Record<string, unknown>, what: string, name: string): string {
  const value = member(body, name) ?? ''
  if (typeof value !== 'string') throw wrong(what, name, 'a string')
  return value
}

/** Members that only the answers to one RPC carry. Absent ones have their zero value; of another type, they break the protocol. */
const OWN_MEMBERS: Partial<Record<RpcName, (body: Record<string, unknown>, what: string) => void>> = {
  ExecuteProcess: (body, what) => void integerIn(body, what, 'ProcessId', 0, 0xffff_ffff),
  WaitForProcess: (body, what) => void integerIn(body, what, 'ExitCode', 0, 0xffff_ffff),
  DumpStacks: (body, what) => void optionalString(body, what, 'GuestStacks'),
}

/** An answer with the text that it was made of. */
export interface Decoded {
  answer: Answer
  text: string
}

/** What an answer is that carries nothing but success, as every guest writes it: its activity is that of our requests. */
export const SUCCESS_TEXT = `{"Result":0,"ActivityId":"${NULL_GUID}"}`
const SUCCESS_BYTES = new TextEncoder().encode(SUCCESS_TEXT)
/** Shared by all: nobody changes it. */
const SUCCESS: Decoded = Object.freeze({
  answer: Object.freeze({
    result: 0,
    errorMessage: '',
    records: Object.freeze([]),
    body: Object.freeze({ Result: 0, ActivityId: NULL_GUID }),
  }),
  text: SUCCESS_TEXT,
})

const LINE_FEED = 0x0a

/** Byte by byte that text, perhaps with a line feed: such a one needs no parser. */
function isSuccess(payload: Uint8Array): boolean {
  const { length } = SUCCESS_BYTES
  const over = payload.byteLength - length
  if (over !== 0 && !(over === 1 && payload[length] === LINE_FEED)) return false
  // From the end: what is no such answer differs there.
  for (let at = length - 1; at >= 0; at--) if (payload[at] !== SUCCESS_BYTES[at]) return false
  return true
}

/**
 * Decodes what every response has, and checks what this one has besides. Results are signed 32-bit; the unsigned form is taken too.
 *
 * @throws {ProtocolError}
 */
export function decodeAnswer(payload: Uint8Array, rpc: RpcName): Decoded {
  if (rpc !== 'GetProperties' && isSuccess(payload)) return SUCCESS
  const what = `a ${rpc} response`
  const { body, text } = decodeObject(payload, what)
  const result = integerIn(body, what, 'Result', -0x8000_0000, 0xffff_ffff) | 0
  checkActivityId(body, what)
  const records = member(body, 'ErrorRecords') ?? []
  if (!Array.isArray(records) || !records.every(isRecord)) throw wrong(what, 'ErrorRecords', 'an array of objects')
  OWN_MEMBERS[rpc]?.(body, what)
  const properties = rpc === 'GetProperties' ? { properties: nestedProperties(body, what) } : {}
  const answer = {
    result,
    errorMessage: optionalString(body, what, 'ErrorMessage'),
    records: records.map((record) => decodeRecord(record, what)),
    body,
    ...properties,
  }
  return { answer, text }
}

function decodeRecord(record: Record<string, unknown>, what: string): ErrorRecord {
  const stack = optionalString(record, what, 'StackTrace')
  const name = optionalString(record, what, 'FunctionName')
  return {
    Result: integerIn(record, what, 'Result', -0x8000_0000, 0xffff_ffff) | 0,
    Message: optionalString(record, what, 'Message'),
    ...(stack === '' ? {} : { StackTrace: stack }),
    ModuleName: optionalString(record, what, 'ModuleName'),
    FileName: optionalString(record, what, 'FileName'),
    Line: integerIn(record, what, 'Line', 0, 0xffff_ffff),
    ...(name === '' ? {} : { FunctionName: name }),
  }
}

function checkActivityId(body: Record<string, unknown>, what: string): void {
  const activity = member(body, 'ActivityId')
  if (activity !== undefined && activity !== null && !isGuid(activity)) throw wrong(what, 'ActivityId', 'a GUID')
}

export interface Negotiated {
  version: number
  /** As the guest wrote it; '' when absent. */
  runtimeOsType: string
  capabilities: Record<string, unknown>
  guestDefined: Record<string, unknown>
}

/** @throws {ProtocolError} no Capabilities, or no GuestDefinedCapabilities among them (null and {} are fine) */
export function decodeNegotiated(answer: Answer): Negotiated {
  const what = 'a NegotiateProtocol response'
  const capabilities = member(answer.body, 'Capabilities') ?? {}
  if (!isRecord(capabilities)) throw wrong(what, 'Capabilities', 'an object')
  const defined = member(capabilities, 'GuestDefinedCapabilities')
  if (defined === undefined) throw new ProtocolError({ reason: `${what} lacks GuestDefinedCapabilities` })
  if (defined !== null && !isRecord(defined)) throw wrong(what, 'GuestDefinedCapabilities', 'an object')
  for (const name of GUEST_DEFINED_CAPABILITIES) booleanIn(defined ?? {}, what, name)
  for (const name of CAPABILITY_FLAGS) booleanIn(capabilities, what, name)
  return {
    version: integerIn(answer.body, what, 'Version', 0, 0xffff_ffff),
    runtimeOsType: optionalString(capabilities, what, 'RuntimeOsType'),
    capabilities,
    guestDefined: defined ?? {},
  }
}

/** Capabilities a guest can claim for itself; what it leaves out is false. */
export const GUEST_DEFINED_CAPABILITIES = [
  'NamespaceAddRequestSupported',
  'SignalProcessSupported',
  'DumpStacksSupported',
  'DeleteContainerStateSupported',
  'UpdateContainerSupported',
  'LogForwardingSupported',
  'HostProcessContainerSupported',
] as const

/** Capabilities of the protocol itself. */
export const CAPABILITY_FLAGS = [
  'SendHostCreateMessage',
  'SendHostStartMessage',
  'HvSocketConfigOnStartup',
  'SendLifecycleNotifications',
  'ModifyServiceSettingsSupported',
] as const

function booleanIn(body: Record<string, unknown>, what: string, name: string): void {
  const value = member(body, name)
  if (value !== undefined && value !== null && typeof value !== 'boolean') throw wrong(what, name, 'true or false')
}

/** @throws {ProtocolError} */
export function decodeProcessId(answer: Answer): number {
  return integerIn(answer.body, 'an ExecuteProcess response', 'ProcessId', 0, 0xffff_ffff)
}

/** @throws {ProtocolError} */
export function decodeExitCode(answer: Answer): number {
  return integerIn(answer.body, 'a WaitForProcess response', 'ExitCode', 0, 0xffff_ffff)
}

/** @throws {ProtocolError} */
export function decodeGuestStacks(answer: Answer): string {
  return optionalString(answer.body, 'a DumpStacks response', 'GuestStacks')
}

export interface ContainerNotice {
  containerId: string
  type: string
  operation: string
  result: number
  /** The nested document, parsed; undefined when absent. */
  resultInfo?: unknown
  body: Record<string, unknown>
}

/** @throws {ProtocolError} a wrong type, an ActivityId that is no GUID, a ResultInfo that holds no JSON */
export function decodeNotification(payload: Uint8Array): { notice: ContainerNotice; text: string } {
  const what = 'a container notification'
  const { body, text } = decodeObject(payload, what)
  checkActivityId(body, what)
  const info = member(body, 'ResultInfo')
  if (info !== undefined && info !== null && typeof info !== 'string') throw wrong(what, 'ResultInfo', 'a string')
  const notice = {
    containerId: optionalString(body, what, 'ContainerId'),
    type: optionalString(body, what, 'Type'),
    operation: optionalString(body, what, 'Operation'),
    result: integerIn(body, what, 'Result', -0x8000_0000, 0xffff_ffff) | 0,
    ...(typeof info === 'string' ? { resultInfo: nested(info, what, 'ResultInfo') } : {}),
    body,
  }
  return { notice, text }
}

function nested(text: string, what: string, name: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new ProtocolError({ reason: `the guest sent ${what} whose ${name} holds no JSON`, cause: error })
  }
}
