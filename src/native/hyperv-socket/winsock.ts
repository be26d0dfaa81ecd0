// The socket calls on Windows, through koffi. The last error is per thread: it is fetched right after the failing call, and koffi keeps
// it between its calls whatever Node.js does meanwhile.
//
// Sockets come from plain `accept` and `connect` on non-blocking sockets. Those set the socket's context themselves; only AcceptEx and
// ConnectEx want SO_UPDATE_ACCEPT_CONTEXT and SO_UPDATE_CONNECT_CONTEXT.

import koffi from 'koffi'
import type { PollEntry, SocketCalls, SocketNumber, SocketOption, WakePair } from './calls.js'
import { SocketError, type SocketFailure } from './errors.js'
import { POLL, SOCKADDR_IN, WINSOCK, WSA, WSADATA_BYTES, WSAPOLLFD } from './layouts.js'
import { clearPolled, PollBuffer } from './poll-buffer.js'

type Value = number | Uint8Array | null
type Call = (...args: Value[]) => number

const BYTE = Buffer.of(1)

export class Winsock implements SocketCalls {
  readonly library = 'winsock'
  readonly timedOut = WSA.WSAETIMEDOUT
  readonly #poll = new PollBuffer(WSAPOLLFD, POLL.winsock)
  /** Where calls write integers to. */
  readonly #value = Buffer.alloc(4)
  readonly #length = Buffer.alloc(4)
  readonly #taken = Buffer.alloc(64)
  readonly #ws: Record<keyof typeof FUNCTIONS, Call>
  readonly #setHandleInformation: Call

  constructor() {
    const library = koffi.load('ws2_32.dll')
    const resolve = ([name, declaration]: [string, string]): [string, Call] => [name, library.func(declaration) as Call]
    this.#ws = Object.fromEntries(Object.entries(FUNCTIONS).map(resolve)) as Record<keyof typeof FUNCTIONS, Call>
    this.#setHandleInformation = koffi
      .load('kernel32.dll')
      .func('int SetHandleInformation(intptr_t handle, uint32_t mask, uint32_t flags)') as Call
    // Before anything else. Winsock counts: one start more does no harm, and it is never undone, since others in the process use it too.
    const errno = this.#ws.WSAStartup(WINSOCK.VERSION, Buffer.alloc(WSADATA_BYTES))
    if (errno !== 0) throw new SocketError('winsock', { syscall: 'WSAStartup', errno })
  }

  #fail(syscall: string, errno = this.#ws.WSAGetLastError()): never {
    throw new SocketError('winsock', { syscall, errno })
  }

  #must(name: keyof typeof FUNCTIONS, ...args: Value[]): number {
    const result = this.#ws[name](...args)
    return result === -1 ? this.#fail(name) : result
  }

  #open(family: number, type: number, protocol: number): SocketNumber {
    const flags = WINSOCK.WSA_FLAG_OVERLAPPED | WINSOCK.WSA_FLAG_NO_HANDLE_INHERIT
    const socket = this.#must('WSASocketW', family, type, protocol, null, 0, flags)
    try {
      this.#unblock(socket)
      return socket
    } catch (error) {
      this.close(socket)
      throw error
    }
  }

  #unblock(socket: SocketNumber): void {
    this.#value.writeUInt32LE(1)
    this.#must('ioctlsocket', socket, WINSOCK.FIONBIO, this.#value)
  }

  socket(family: number, protocol: number): SocketNumber {
    return this.#open(family, WINSOCK.SOCK_STREAM, protocol)
  }

  setOption(socket: SocketNumber, { level, name, value }: SocketOption): void {
    this.#must('setsockopt', socket, level, name, value, value.length)
  }

  bind(socket: SocketNumber, address: Uint8Array): void {
    this.#must('bind', socket, address, address.length)
  }

  listen(socket: SocketNumber, backlog: number): void {
    this.#must('listen', socket, backlog)
  }

  accept(listener: SocketNumber): SocketNumber | undefined {
    const socket = this.#ws.accept(listener, null, null)
    if (socket === -1) {
      const errno = this.#ws.WSAGetLastError()
      const { WSAEWOULDBLOCK, WSAEINTR, WSAECONNABORTED, WSAECONNRESET } = WSA
      const nobody = [WSAEWOULDBLOCK, WSAEINTR, WSAECONNABORTED, WSAECONNRESET]
      return nobody.includes(errno as never) ? undefined : this.#fail('accept', errno)
    }
    // It has the listener's properties, but whether a child process inherits it is the handle's.
    this.#setHandleInformation(socket, WINSOCK.HANDLE_FLAG_INHERIT, 0)
    return socket
  }

  connect(socket: SocketNumber, address: Uint8Array): boolean {
    if (this.#ws.connect(socket, address, address.length) === 0) return true
    const errno = this.#ws.WSAGetLastError()
    return errno === WSA.WSAEWOULDBLOCK ? false : this.#fail('connect', errno)
  }

  pendingError(socket: SocketNumber): SocketFailure | undefined {
    this.#length.writeUInt32LE(this.#value.length)
    this.#must('getsockopt', socket, WINSOCK.SOL_SOCKET, WINSOCK.SO_ERROR, this.#value, this.#length)
    const errno = this.#value.readInt32LE()
    return errno === 0 ? undefined : { syscall: 'connect', errno }
  }

  poll(entries: readonly PollEntry[], timeoutMs: number): void {
    if (this.#ws.WSAPoll(this.#poll.fill(entries), entries.length, timeoutMs) >= 0) return this.#poll.read(entries)
    const errno = this.#ws.WSAGetLastError()
    if (errno !== WSA.WSAEINTR) this.#fail('WSAPoll', errno)
    clearPolled(entries)
  }

  close(socket: SocketNumber): void {
    this.#ws.closesocket(socket)
  }

  /** Winsock has no socket pair: a datagram socket of the loopback that is connected to itself, and hears nobody else. */
  openWakePair(): WakePair {
    const socket = this.#open(WINSOCK.AF_INET, WINSOCK.SOCK_DGRAM, WINSOCK.IPPROTO_UDP)
    try {
      const address = Buffer.alloc(SOCKADDR_IN.size)
      address.writeUInt16LE(WINSOCK.AF_INET, SOCKADDR_IN.family)
      address.set([127, 0, 0, 1], SOCKADDR_IN.address)
      this.bind(socket, address)
      this.#length.writeUInt32LE(address.length)
      this.#must('getsockname', socket, address, this.#length)
      this.#must('connect', socket, address, address.length)
      return { read: socket, write: socket }
    } catch (error) {
      this.close(socket)
      throw error
    }
  }

  wake(write: SocketNumber): void {
    this.#ws.send(write, BYTE, 1, 0)
  }

  drain(read: SocketNumber): void {
    while (this.#ws.recv(read, this.#taken, this.#taken.length, 0) >= 0);
  }
}

const FUNCTIONS = {
  WSAStartup: 'int WSAStartup(uint16_t version, void *data)',
  WSAGetLastError: 'int WSAGetLastError()',
  WSASocketW: 'intptr_t WSASocketW(int family, int type, int protocol, void *info, uint32_t group, uint32_t flags)',
  ioctlsocket: 'int ioctlsocket(intptr_t socket, uint32_t command, void *value)',
  setsockopt: 'int setsockopt(intptr_t socket, int level, int name, const void *value, int length)',
  getsockopt: 'int getsockopt(intptr_t socket, int level, int name, void *value, void *length)',
  getsockname: 'int getsockname(intptr_t socket, void *address, void *length)',
  bind: 'int bind(intptr_t socket, const void *address, int length)',
  listen: 'int listen(intptr_t socket, int backlog)',
  accept: 'intptr_t accept(intptr_t socket, void *address, void *length)',
  connect: 'int connect(intptr_t socket, const void *address, int length)',
  WSAPoll: 'int WSAPoll(void *entries, uint32_t count, int timeout)',
  send: 'int send(intptr_t socket, const void *bytes, int length, int flags)',
  recv: 'int recv(intptr_t socket, void *bytes, int length, int flags)',
  closesocket: 'int closesocket(intptr_t socket)',
} as const
