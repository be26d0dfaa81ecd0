// Checks of arguments that every part of the public surface makes, before anything is sent.

import { atPath, InvalidConfigError, UVMError } from '../errors.js'
import { DocumentError, serialiseDocument } from '../protocol/document.js'
import { isRecord } from '../protocol/json.js'
import type { TypeName } from '../protocol/schema/field-table.js'
import type { CallSubject } from './mailbox/contract.js'

export { isWellFormed } from '../protocol/text.js'

/** Of what these hold nothing is repeated: what is in the wrong place may be a policy. */
const CONFIDENTIAL: ReadonlySet<TypeName> = new Set<TypeName>(['ConfidentialOptions', 'SecurityPolicyFragment'])

/** Settings as text; without a type, members keep the order given. @throws {InvalidConfigError} no object, or not serialisable */
export function documentText(subject: CallSubject, type: TypeName | undefined, settings: unknown): string {
  return readArgument(subject, 'settings', () => {
    if (!isRecord(settings)) {
      const reason = type === undefined ? 'expected an object' : `expected an object of type ${type}`
      throw new InvalidConfigError({ ...subject, path: 'settings', secret: settings, reason })
    }
    return settingsText(subject, settings, type)
  })
}

/** Settings of any kind as text. @throws {InvalidConfigError} not serialisable */
export function settingsText(subject: CallSubject, settings: unknown, type?: TypeName): string {
  return readArgument(subject, 'settings', () => {
    try {
      return serialiseDocument(type, settings)
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error
      const { path, problem: reason, value } = error
      // Neither is the cause: it carries the value as well.
      if (type !== undefined && CONFIDENTIAL.has(type)) {
        throw new InvalidConfigError({ ...subject, path, secret: value, reason })
      }
      throw new InvalidConfigError({ ...subject, path, ...atPath(value), reason, cause: error })
    }
  })
}

/**
 * What `read` finds in an argument. Reading may run code of the caller's: a getter, a toJSON or a proxy that throws is a mistake in the
 * call.
 *
 * @throws {InvalidConfigError}
 */
export function readArgument<T>(subject: CallSubject, path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw unreadable(subject, path, error)
  }
}

function unreadable(subject: CallSubject, path: string, error: unknown): UVMError {
  if (error instanceof UVMError) return error
  return new InvalidConfigError({ ...subject, path, reason: 'it cannot be read', cause: error })
}

/** @throws {InvalidConfigError} no array of strings */
export function checkTexts(subject: CallSubject, path: string, value: unknown): asserts value is string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return
  throw new InvalidConfigError({ ...subject, path, value, reason: 'expected an array of strings' })
}
