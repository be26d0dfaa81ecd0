// The socket calls that Hyper-V sockets need, all of them non-blocking but `poll`. Two bindings stand behind them, Winsock and Linux'
// libc; a test scripts a third. Each failing call throws a SocketError that was read on the calling thread right after the call.

import type { SocketFailure, SocketLibrary } from './errors.js'

/** A socket of the process, by number: an fd, or a SOCKET. */
export type SocketNumber = number

/** setsockopt, its value as the bytes in memory. */
export interface SocketOption {
  readonly level: number
  readonly name: number
  readonly value: Uint8Array
}

/** One socket to wait for. `poll` fills in the rest. */
export interface PollEntry {
  readonly socket: SocketNumber
  readonly wants: 'read' | 'write'
  ready: boolean
  /** The socket reports an error, a hang-up, or that it is none. */
  failed: boolean
}

/** What makes a waiting `poll` return: a byte sent to `write` makes `read` readable. Both may be one socket. */
export interface WakePair {
  readonly read: SocketNumber
  readonly write: SocketNumber
}

export interface SocketCalls {
  readonly library: SocketLibrary
  /** The library's number of a connect that took too long. */
  readonly timedOut: number
  /** A stream socket: non-blocking, not inherited by child processes. */
  socket(family: number, protocol: number): SocketNumber
  setOption(socket: SocketNumber, option: SocketOption): void
  bind(socket: SocketNumber, address: Uint8Array): void
  listen(socket: SocketNumber, backlog: number): void
  /** Undefined when nobody waits, or who waited has gone. The new socket is non-blocking and not inherited. */
  accept(listener: SocketNumber): SocketNumber | undefined
  /** True: connected. False: under way; the socket becomes writable or fails. */
  connect(socket: SocketNumber, address: Uint8Array): boolean
  /** Takes the pending error (SO_ERROR); undefined when there is none. */
  pendingError(socket: SocketNumber): SocketFailure | undefined
  /** Blocks the thread until an entry is ready or failed; a signal may end it early. */
  poll(entries: readonly PollEntry[], timeoutMs: number): void
  close(socket: SocketNumber): void
  openWakePair(): WakePair
  /** From any thread. A wake-up that is pending already is enough. */
  wake(write: SocketNumber): void
  /** Takes the pending wake-ups away. */
  drain(read: SocketNumber): void
}
