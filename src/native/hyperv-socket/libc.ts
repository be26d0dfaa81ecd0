// The socket calls on Linux, through koffi. `koffi.errno` is that of the last koffi call of this thread.

import koffi from 'koffi'
import type { PollEntry, SocketCalls, SocketNumber, SocketOption, WakePair } from './calls.js'
import { SocketError, type SocketFailure } from './errors.js'
import { ERRNO, LIBC, POLL, POLLFD } from './layouts.js'
import { clearPolled, PollBuffer } from './poll-buffer.js'

type Value = number | Uint8Array | null
type Call = (...args: Value[]) => number

const BYTE = Buffer.of(1)

export class Libc implements SocketCalls {
  readonly library = 'libc'
  readonly timedOut = ERRNO.ETIMEDOUT
  readonly #poll = new PollBuffer(POLLFD, POLL.libc)
  /** Where getsockopt writes to. */
  readonly #value = Buffer.alloc(4)
  readonly #length = Buffer.alloc(4)
  readonly #taken = Buffer.alloc(64)
  readonly #c: Record<keyof typeof FUNCTIONS, Call>

  constructor() {
    const process = koffi.load(null)
    const resolve = ([name, declaration]: [string, string]): [string, Call] => [name, process.func(declaration) as Call]
    this.#c = Object.fromEntries(Object.entries(FUNCTIONS).map(resolve)) as Record<keyof typeof FUNCTIONS, Call>
  }

  #fail(syscall: string, errno = koffi.errno()): never {
    throw new SocketError('libc', { syscall, errno })
  }

  #must(syscall: keyof typeof FUNCTIONS, ...args: Value[]): number {
    const result = this.#c[syscall](...args)
    return result < 0 ? this.#fail(syscall) : result
  }

  socket(family: number, protocol: number): SocketNumber {
    return this.#must('socket', family, LIBC.SOCK_STREAM | LIBC.SOCK_NONBLOCK | LIBC.SOCK_CLOEXEC, protocol)
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
    const socket = this.#c.accept4(listener, null, null, LIBC.SOCK_NONBLOCK | LIBC.SOCK_CLOEXEC)
    if (socket >= 0) return socket
    const errno = koffi.errno()
    const { EAGAIN, EINTR, ECONNABORTED, EPROTO } = ERRNO
    return [EAGAIN, EINTR, ECONNABORTED, EPROTO].includes(errno as never) ? undefined : this.#fail('accept', errno)
  }

  connect(socket: SocketNumber, address: Uint8Array): boolean {
    if (this.#c.connect(socket, address, address.length) === 0) return true
    const errno = koffi.errno()
    return errno === ERRNO.EINPROGRESS || errno === ERRNO.EINTR ? false : this.#fail('connect', errno)
  }

  pendingError(socket: SocketNumber): SocketFailure | undefined {
    this.#length.writeUInt32LE(this.#value.length)
    this.#must('getsockopt', socket, LIBC.SOL_SOCKET, LIBC.SO_ERROR, this.#value, this.#length)
    const errno = this.#value.readInt32LE()
    return errno === 0 ? undefined : { syscall: 'connect', errno }
  }

  poll(entries: readonly PollEntry[], timeoutMs: number): void {
    if (this.#c.poll(this.#poll.fill(entries), entries.length, timeoutMs) >= 0) return this.#poll.read(entries)
    const errno = koffi.errno()
    if (errno !== ERRNO.EINTR) this.#fail('poll', errno)
    clearPolled(entries)
  }

  close(socket: SocketNumber): void {
    // Whatever it says, the number is free.
    this.#c.close(socket)
  }

  openWakePair(): WakePair {
    const pair = Buffer.alloc(8)
    this.#must('socketpair', LIBC.AF_UNIX, LIBC.SOCK_STREAM | LIBC.SOCK_NONBLOCK | LIBC.SOCK_CLOEXEC, 0, pair)
    return { read: pair.readInt32LE(0), write: pair.readInt32LE(4) }
  }

  wake(write: SocketNumber): void {
    this.#c.send(write, BYTE, 1, LIBC.MSG_DONTWAIT | LIBC.MSG_NOSIGNAL)
  }

  drain(read: SocketNumber): void {
    while (this.#c.recv(read, this.#taken, this.#taken.length, LIBC.MSG_DONTWAIT) === this.#taken.length);
  }
}

const FUNCTIONS = {
  socket: 'int socket(int family, int type, int protocol)',
  setsockopt: 'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
  getsockopt: 'int getsockopt(int fd, int level, int name, void *value, void *length)',
  bind: 'int bind(int fd, const void *address, uint32_t length)',
  listen: 'int listen(int fd, int backlog)',
  accept4: 'int accept4(int fd, void *address, void *length, int flags)',
  connect: 'int connect(int fd, const void *address, uint32_t length)',
  poll: 'int poll(void *entries, unsigned long count, int timeout)',
  close: 'int close(int fd)',
  socketpair: 'int socketpair(int family, int type, int protocol, void *pair)',
  send: 'intptr_t send(int fd, const void *bytes, size_t length, int flags)',
  recv: 'intptr_t recv(int fd, void *bytes, size_t length, int flags)',
} as const
