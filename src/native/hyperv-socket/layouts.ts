// Sizes, offsets and constants of the C structures that the bindings fill: bytes. The tests compile them against the headers.

/** struct pollfd of Linux: i32 fd, i16 events, i16 revents. */
export const POLLFD = { size: 8, fd: 0, events: 4, revents: 6 } as const
/** WSAPOLLFD: u64 fd, i16 events, i16 revents. */
export const WSAPOLLFD = { size: 16, fd: 0, events: 8, revents: 10 } as const
/** WSADATA of 64-bit Windows. */
export const WSADATA_BYTES = 408
/** sockaddr_in, of both: u16 family, u16 port and u32 address in network order. */
export const SOCKADDR_IN = { size: 16, family: 0, port: 2, address: 4 } as const

export const POLL = {
  libc: { read: 0x001, write: 0x004, failed: 0x008 | 0x010 | 0x020 },
  winsock: { read: 0x0300, write: 0x0010, failed: 0x0001 | 0x0002 | 0x0004 },
} as const

export const LIBC = {
  AF_UNIX: 1,
  SOCK_STREAM: 1,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_ERROR: 4,
  MSG_DONTWAIT: 0x40,
  MSG_NOSIGNAL: 0x4000,
} as const

/** Numbers of Linux that calls are looked at for. */
export const ERRNO = {
  EINTR: 4,
  EAGAIN: 11,
  EPROTO: 71,
  ECONNABORTED: 103,
  ETIMEDOUT: 110,
  EINPROGRESS: 115,
} as const

export const WINSOCK = {
  VERSION: 0x0202,
  AF_INET: 2,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  IPPROTO_UDP: 17,
  WSA_FLAG_OVERLAPPED: 0x01,
  WSA_FLAG_NO_HANDLE_INHERIT: 0x80,
  SOL_SOCKET: 0xffff,
  SO_ERROR: 0x1007,
  FIONBIO: 0x8004667e,
  HANDLE_FLAG_INHERIT: 1,
} as const

/** Numbers of Winsock that calls are looked at for. */
export const WSA = {
  WSAEINTR: 10004,
  WSAEWOULDBLOCK: 10035,
  WSAECONNABORTED: 10053,
  WSAECONNRESET: 10054,
  WSAETIMEDOUT: 10060,
} as const
