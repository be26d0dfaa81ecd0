// Where containerd wants a stream to go: a FIFO or a URI, as the field of the request has it.

import { TtrpcError } from 'uvm-ttrpc'
import { checkPath } from '../ids.js'

export type Target =
  | { kind: 'none' }
  | { kind: 'fifo'; path: string }
  | { kind: 'file'; path: string }
  | { kind: 'binary'; path: string; args: string[] }

/** @throws {TtrpcError} INVALID_ARGUMENT: another scheme, or a path that is none */
export function parseTarget(what: string, value: string): Target {
  if (value === '') return { kind: 'none' }
  if (value.startsWith('/')) return { kind: 'fifo', path: checkPath(what, value) }
  let uri: URL
  try {
    uri = new URL(value)
  } catch {
    throw new TtrpcError(
      'INVALID_ARGUMENT',
      `${what} ${JSON.stringify(value.slice(0, 200))}: a path or a URI is expected`,
    )
  }
  const path = decodeURIComponent(uri.pathname)
  switch (uri.protocol) {
    case 'fifo:':
      return { kind: 'fifo', path: checkPath(what, path) }
    case 'file:':
      return { kind: 'file', path: checkPath(what, path) }
    case 'binary:':
      // The query's keys and values are the arguments, in order.
      return {
        kind: 'binary',
        path: checkPath(what, path),
        args: [...uri.searchParams].flat().filter((arg) => arg !== ''),
      }
    default:
      throw new TtrpcError('INVALID_ARGUMENT', `${what}: ${uri.protocol} is not known; there are fifo, file and binary`)
  }
}
