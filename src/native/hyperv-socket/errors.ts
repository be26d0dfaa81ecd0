// Failures of socket calls by name: Winsock's numbers, and those of Linux.

import { getSystemErrorName } from 'node:util'

/** Whose numbers an error carries. */
export type SocketLibrary = 'winsock' | 'libc'

/** Winsock's name, and the `code` that Node.js programs match on. */
const WINSOCK: ReadonlyMap<number, readonly [name: string, code: string]> = new Map([
  [995, ['ERROR_OPERATION_ABORTED', 'ECANCELED']],
  [997, ['ERROR_IO_PENDING', 'EINPROGRESS']],
  [1201, ['ERROR_CONNECTION_UNAVAIL', 'ENETUNREACH']],
  [1225, ['ERROR_CONNECTION_REFUSED', 'ECONNREFUSED']],
  [10004, ['WSAEINTR', 'EINTR']],
  [10009, ['WSAEBADF', 'EBADF']],
  [10013, ['WSAEACCES', 'EACCES']],
  [10014, ['WSAEFAULT', 'EFAULT']],
  [10022, ['WSAEINVAL', 'EINVAL']],
  [10024, ['WSAEMFILE', 'EMFILE']],
  [10035, ['WSAEWOULDBLOCK', 'EAGAIN']],
  [10036, ['WSAEINPROGRESS', 'EINPROGRESS']],
  [10037, ['WSAEALREADY', 'EALREADY']],
  [10038, ['WSAENOTSOCK', 'ENOTSOCK']],
  [10042, ['WSAENOPROTOOPT', 'ENOPROTOOPT']],
  [10043, ['WSAEPROTONOSUPPORT', 'EPROTONOSUPPORT']],
  [10044, ['WSAESOCKTNOSUPPORT', 'ESOCKTNOSUPPORT']],
  [10045, ['WSAEOPNOTSUPP', 'EOPNOTSUPP']],
  [10047, ['WSAEAFNOSUPPORT', 'EAFNOSUPPORT']],
  [10048, ['WSAEADDRINUSE', 'EADDRINUSE']],
  [10049, ['WSAEADDRNOTAVAIL', 'EADDRNOTAVAIL']],
  [10050, ['WSAENETDOWN', 'ENETDOWN']],
  [10051, ['WSAENETUNREACH', 'ENETUNREACH']],
  [10053, ['WSAECONNABORTED', 'ECONNABORTED']],
  [10054, ['WSAECONNRESET', 'ECONNRESET']],
  [10055, ['WSAENOBUFS', 'ENOBUFS']],
  [10057, ['WSAENOTCONN', 'ENOTCONN']],
  [10058, ['WSAESHUTDOWN', 'ESHUTDOWN']],
  [10060, ['WSAETIMEDOUT', 'ETIMEDOUT']],
  [10061, ['WSAECONNREFUSED', 'ECONNREFUSED']],
  [10065, ['WSAEHOSTUNREACH', 'EHOSTUNREACH']],
  [10091, ['WSASYSNOTREADY', 'ENETDOWN']],
  [10093, ['WSANOTINITIALISED', 'WSANOTINITIALISED']],
])

/** What a code means for a Hyper-V socket. */
const MEANING: Readonly<Record<string, string>> = {
  EACCES: "the VM's security descriptor for the service does not allow it",
  EAFNOSUPPORT: 'this host has no sockets of that kind',
  EADDRINUSE: 'somebody listens there already',
  EADDRNOTAVAIL: 'there is no such VM, it does not run, or it has no socket device',
  ECONNABORTED: 'the connection was lost: the VM stopped or was paused, or the service was disabled',
  ECONNRESET: 'the connection was lost: the VM stopped or was paused, or the service was disabled',
  ETIMEDOUT: 'the VM runs, and nobody listens in it',
  ECONNREFUSED: 'nobody listens there',
  WSANOTINITIALISED: 'Winsock was not started',
}

/** What a failed call says of itself, as it crosses threads. */
export interface SocketFailure {
  readonly syscall: string
  readonly errno: number
}

/** The library's name of a number, such as WSAEADDRINUSE or EADDRINUSE. */
export function socketErrorName(library: SocketLibrary, errno: number): string {
  if (library === 'winsock') return WINSOCK.get(errno)?.[0] ?? `Winsock error ${errno}`
  return codeOf(library, errno)
}

function codeOf(library: SocketLibrary, errno: number): string {
  if (library === 'winsock') return WINSOCK.get(errno)?.[1] ?? `WSA${errno}`
  try {
    return getSystemErrorName(-errno)
  } catch {
    return `errno ${errno}`
  }
}

/** Errors after which a dial may be tried again: the VM runs, but its service is not there yet. */
const RETRYABLE = new Set(['ECONNREFUSED', 'ENETUNREACH', 'ETIMEDOUT'])

/** A socket call failed. */
export class SocketError extends Error implements NodeJS.ErrnoException {
  override readonly name = 'SocketError'
  /** As Node.js says it on every system, such as EADDRINUSE. */
  readonly code: string
  /** The library's own number, such as 10048. */
  readonly errno: number
  /** Such as `bind`. */
  readonly syscall: string

  constructor(library: SocketLibrary, { syscall, errno }: SocketFailure, on?: string) {
    const code = codeOf(library, errno)
    const target = on === undefined ? '' : ` of ${on}`
    const meaning = MEANING[code]
    super(
      `${syscall}${target} failed: ${socketErrorName(library, errno)} (${errno})${meaning === undefined ? '' : `, ${meaning}`}`,
    )
    this.code = code
    this.errno = errno
    this.syscall = syscall
  }

  /** Whether a dial that ended so may be tried again. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code)
  }
}
