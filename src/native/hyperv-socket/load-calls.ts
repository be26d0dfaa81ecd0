// The binding that stands behind the socket calls on this system.

import type { SocketCalls } from './calls.js'
import type { SocketLibrary } from './errors.js'

/**
 * Loads the binding of a library; koffi with it.
 *
 * @throws {Error} the library or koffi cannot be loaded
 */
export async function loadSocketCalls(library: SocketLibrary): Promise<SocketCalls> {
  if (library === 'winsock') return new (await import('./winsock.js')).Winsock()
  return new (await import('./libc.js')).Libc()
}
