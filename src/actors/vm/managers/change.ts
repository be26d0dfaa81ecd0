// A host-side modification: one modify request, {ResourcePath, RequestType?, Settings?}. Absent keys are absent. And the checks of what
// becomes part of its path; every other question (ranges, existence, states) is the compute service's to answer.

import { InvalidConfigError } from '../../../errors.js'
import { parseGuid } from '../../../protocol/guid.js'
import { isWellFormed } from '../../arguments.js'

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

/** `settings` is JSON text. */
export function change(
  subject: Subject,
  path: string,
  requestType?: 'Add' | 'Remove' | 'Update',
  settings?: string,
): Change {
  const type = requestType === undefined ? '' : `,"RequestType":"${requestType}"`
  const body = settings === undefined ? '' : `,"Settings":${settings}`
  return { op: subject.op, path, request: `{"ResourcePath":${JSON.stringify(path)}${type}${body}}` }
}

export function refuse(subject: Subject, path: string, value: unknown, reason: string): InvalidConfigError {
  return new InvalidConfigError({ ...subject, path, value, reason })
}

/** A name that ends a resource path, slashes and all. @throws {InvalidConfigError} empty, or no well-formed text */
export function pathEnd(subject: Subject, name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw refuse(subject, name, value, 'expected a non-empty string')
  if (value.includes('\0') || !isWellFormed(value)) {
    throw refuse(subject, name, value, 'expected text without NUL and unpaired surrogates')
  }
  return value
}

/** A name that becomes one segment of a resource path. @throws {InvalidConfigError} empty, with a slash, or no well-formed text */
export function segment(subject: Subject, name: string, value: unknown): string {
  const text = pathEnd(subject, name, value)
  if (text.includes('/')) throw refuse(subject, name, value, 'a segment of a resource path has no slash')
  return text
}

/** A GUID as a segment, spelled as the caller did: the service compares it as a GUID, in braces or not. @throws {InvalidConfigError} */
export function guidSegment(subject: Subject, name: string, value: unknown): string {
  if (typeof value !== 'string' || parseGuid(value) === undefined) {
    throw refuse(subject, name, value, 'expected a GUID')
  }
  return value
}

/** The number of a device. @throws {InvalidConfigError} not an integer of 0 or more */
export function deviceNumber(subject: Subject, name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw refuse(subject, name, value, 'expected an integer of 0 or more')
  }
  return value
}
