// A host-side modification: one modify request, {ResourcePath, RequestType?, Settings?}. Absent keys are absent. What each method sends
// is stated in protocol/host-modifications; every question but the form of the path (ranges, existence, states) is the compute
// service's to answer.

import { InvalidConfigError } from '../../errors.js'
import { ANYTHING, oneOf, row, secret } from '../../options/rows.js'
import { checkOptions, optionTable } from '../../options/table.js'
import {
  HOST_METHODS,
  HOST_RESOURCES,
  resourcePath,
  type HostMethod,
  type HostResource,
} from '../../protocol/host-modifications/index.js'
import { RequestType } from '../../protocol/schema/index.js'
import { isWellFormed } from '../../protocol/text.js'
import { documentText, settingsText } from '../arguments.js'

/** One modification, ready to send. */
export interface Change {
  op: string
  path: string
  /** The ModifySettingRequest as JSON text. */
  request: string
}

/** Which call on which VM: for its errors. */
export interface Subject {
  op: string
  id: string
}

/** The modification that a method makes of its arguments. @throws {InvalidConfigError} */
export function changeOf(subject: Subject, method: HostMethod, args: readonly unknown[]): Change {
  const { of, verb, takes } = HOST_METHODS[method]
  const resource = HOST_RESOURCES[of]
  const path = resourcePath(resource, (name) => segmentText(subject, resource, name, args[takes.indexOf(name)]))
  const index = takes.findIndex((name) => name === 'settings' || name === 'settings?')
  const isAbsent = index === -1 || (takes[index] === 'settings?' && args[index] === undefined)
  return change(subject, path, verb, isAbsent ? undefined : statedSettings(subject, resource, args[index]))
}

/** A modify request of the caller's own, for what no method is about. */
export interface HostModifyRequest {
  /** Such as `VirtualMachine/Devices/ComPorts/0`. */
  ResourcePath: string
  /** Absent: the request has none, which HCS takes for Update. */
  RequestType?: RequestType | undefined
  /** Sent as given, members in the caller's order. */
  Settings?: unknown
}

const PATH = row(
  'a non-empty string without unpaired surrogates',
  (value) => typeof value === 'string' && value !== '' && isWellFormed(value),
)
const REQUEST = optionTable<HostModifyRequest>('request', {
  ResourcePath: PATH,
  RequestType: oneOf(...RequestType),
  Settings: secret(ANYTHING),
})

/** The modification that a request of the caller's own is. @throws {InvalidConfigError} */
export function ownChange(subject: Subject, request: unknown): Change {
  if (request === undefined) throw refuse(subject, 'request', request, 'expected an object')
  checkOptions(subject, request as HostModifyRequest, REQUEST)
  const { ResourcePath: path, RequestType: type, Settings: settings } = request as Partial<HostModifyRequest>
  if (path === undefined) throw refuse(subject, 'ResourcePath', path, PATH.expected)
  return change(subject, path, type, settings === undefined ? undefined : settingsText(subject, settings))
}

/** `settings` is JSON text. */
function change(subject: Subject, path: string, requestType?: string, settings?: string): Change {
  const type = requestType === undefined ? '' : `,"RequestType":${JSON.stringify(requestType)}`
  const body = settings === undefined ? '' : `,"Settings":${settings}`
  return { op: subject.op, path, request: `{"ResourcePath":${JSON.stringify(path)}${type}${body}}` }
}

function segmentText(subject: Subject, { segments }: HostResource, name: string, value: unknown): string {
  const segment = segments?.[name]
  const problem = segment?.problem(value)
  if (problem !== undefined) throw refuse(subject, name, value, problem)
  return segment?.text?.(value) ?? String(value)
}

function statedSettings(subject: Subject, { settings, number }: HostResource, value: unknown): string {
  if (number === undefined) return documentText(subject, settings, value)
  const isNumber = typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))
  if (!isNumber) throw refuse(subject, number.name, value, number.expected)
  return String(value)
}

export function refuse(subject: Subject, path: string, value: unknown, reason: string): InvalidConfigError {
  return new InvalidConfigError({ ...subject, path, value, reason })
}
