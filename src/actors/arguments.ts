// Checks of arguments that every part of the public surface makes, before anything is sent.

import { InvalidConfigError } from '../errors.js'
import { DocumentError, serialiseDocument } from '../protocol/document.js'
import type { CallSubject } from './mailbox/contract.js'

/** Settings as text; without a type, members keep the order given. @throws {InvalidConfigError} no object, or not serialisable */
export function documentText(subject: CallSubject, type: string | undefined, settings: unknown): string {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    const reason = type === undefined ? 'expected an object' : `expected an object of type ${type}`
    throw new InvalidConfigError({ ...subject, path: 'settings', value: settings, reason })
  }
  try {
    return serialiseDocument(type, settings)
  } catch (error) {
    if (error instanceof DocumentError) {
      const { path, problem: reason } = error
      throw new InvalidConfigError({ ...subject, path, value: settings, reason, cause: error })
    }
    // A getter or a toJSON of the caller's threw.
    const reason = 'the settings cannot be read'
    throw new InvalidConfigError({ ...subject, path: 'settings', reason, cause: error })
  }
}

/** Whether a string has no unpaired surrogates. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)
}
