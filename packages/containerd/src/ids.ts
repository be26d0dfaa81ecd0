// Names that come from outside, checked before anything is made of them: they become paths and ids of VMs.

import { createHash } from 'node:crypto'
import { isAbsolute, normalize } from 'node:path'
import { TtrpcError } from 'uvm-ttrpc'

/** What containerd itself allows: words of letters and digits, with single `.`, `_` or `-` between, at most 76 characters. */
const IDENTIFIER = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/
const LONGEST = 76

/** @throws {TtrpcError} INVALID_ARGUMENT */
export function checkIdentifier(what: string, value: string): string {
  if (value.length > LONGEST || !IDENTIFIER.test(value))
    throw new TtrpcError(
      'INVALID_ARGUMENT',
      `${what} ${JSON.stringify(value.slice(0, 100))}: letters and digits with single . _ - between are expected, at most ${LONGEST} characters`,
    )
  return value
}

/** @throws {TtrpcError} INVALID_ARGUMENT: not absolute, or with `..` */
export function checkPath(what: string, value: string): string {
  if (!isAbsolute(value) || value.includes('\0') || normalize(value).replace(/\/$/, '') !== value.replace(/\/$/, ''))
    throw new TtrpcError(
      'INVALID_ARGUMENT',
      `${what} ${JSON.stringify(value.slice(0, 200))}: a plain absolute path is expected`,
    )
  return value
}

/** The same id in two namespaces names two VMs. */
export function vmIdOf(namespace: string, id: string): string {
  return `uvm-${createHash('sha256').update(`${namespace}/${id}`).digest('hex').slice(0, 32)}`
}
