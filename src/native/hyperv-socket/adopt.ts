// An accepted or connected socket becomes a Node.js stream. Node.js has no public way: `new net.Socket({ fd })` knows TCP sockets and
// pipes only, and on Windows no SOCKET at all. Its TCP handle opens any stream socket, of whatever family; libuv then owns it.

import { Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { SocketNumber } from './calls.js'

interface TcpHandle {
  open(socket: SocketNumber): number
  close(): void
}

interface TcpWrap {
  TCP: new (kind: number) => TcpHandle
  constants: { SOCKET: number }
}

let binding: TcpWrap | undefined

function tcpWrap(): TcpWrap {
  if (binding !== undefined) return binding
  // With --pending-deprecation it would warn of something the embedder cannot change.
  const { noDeprecation } = process
  process.noDeprecation = true
  try {
    binding = (process as unknown as { binding(name: string): TcpWrap }).binding('tcp_wrap')
    return binding
  } finally {
    process.noDeprecation = noDeprecation ?? false
  }
}

/**
 * A stream over a socket, paused, half-open allowed. Whoever calls this owns the socket until it returns, and libuv from then on.
 *
 * @param claim called last: false leaves the socket alone, and the result is undefined
 * @throws {Error} with a `code`: the socket was claimed, and libuv would not have it
 */
export function adopt(socket: SocketNumber, claim: () => boolean): Socket | undefined {
  const { TCP, constants } = tcpWrap()
  const handle = new TCP(constants.SOCKET)
  // Nothing stands between the claim and the adoption that could end a thread.
  const errno = claim() ? handle.open(socket) : undefined
  if (errno === 0) return new Socket({ handle, allowHalfOpen: true, pauseOnCreate: true } as object)
  handle.close()
  if (errno === undefined) return undefined
  const code = getSystemErrorName(errno)
  throw Object.assign(new Error(`libuv cannot adopt the socket: ${code}`), { code, errno, syscall: 'open' })
}
