// What actor threads and the acceptor thread say to each other. Every socket is made by the acceptor thread and stays its own until
// libuv has adopted it in the thread that it was offered to, so that a thread that dies leaves no socket behind.

import type { MessagePort } from 'node:worker_threads'
import type { SocketRequest } from './addressing.js'
import type { SocketNumber } from './calls.js'
import type { SocketFailure } from './errors.js'

/** Requests of one thread; `id` is its own number of a listener or a dial. */
export type Request =
  | { ask: 'listen'; id: number; socket: SocketRequest; backlog: number }
  /** One connection more. Those that nobody has asked for stay in the backlog. */
  | { ask: 'accept'; id: number }
  | { ask: 'connect'; id: number; socket: SocketRequest; timeoutMs: number }
  /** Ends a listener or a dial, and takes back what was offered to it and not taken. */
  | { ask: 'close'; id: number }
  | { ask: 'leave' }

export type Answer =
  | { tell: 'listening'; id: number; socket: SocketNumber }
  /** A listener that could not be opened, or that failed; a dial that came to nothing. */
  | { tell: 'failed'; id: number; failure: SocketFailure }
  /** An accept that came to nothing; the listener goes on. */
  | { tell: 'missed'; id: number; failure: SocketFailure }
  | { tell: 'offer'; id: number; socket: SocketNumber; state: SharedArrayBuffer }
  | { tell: 'closed'; id: number }
  /** The acceptor thread ends, or lets go of this one, in order: nothing of this one is open there. */
  | { tell: 'ended' }

/** The states of an offered socket, in its shared memory: who moves it out of `open` owns it. */
export const OFFER = { open: 0, taken: 1, revoked: 2 } as const

/** Makes the caller the owner. False: the other side was faster. */
export function settleOffer(state: SharedArrayBuffer, as: 1 | 2): boolean {
  return Atomics.compareExchange(new Int32Array(state), 0, OFFER.open, as) === OFFER.open
}

export function isOpen(state: SharedArrayBuffer): boolean {
  return Atomics.load(new Int32Array(state), 0) === OFFER.open
}

/** What the owner of the acceptor thread says to it. */
export type OwnerMessage = { join: number; port: MessagePort } | { leave: number } | { end: true }
