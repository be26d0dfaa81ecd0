// What the acceptor thread does: opens the sockets it is asked for, waits for all of them at once, and offers what it accepted or
// connected to the thread that asked. It blocks in `poll`, so whoever has a request for it wakes it afterwards; requests are then taken
// from the ports at once, since the event loop would deliver some of them only after one more wait.
//
// A listener is waited for only while somebody wants a connection of it: the others wait in the system's backlog, which is bounded.

import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import type { Clock } from '../clock.js'
import type { SocketRequest } from './addressing.js'
import type { PollEntry, SocketCalls, SocketNumber } from './calls.js'
import { SocketError, type SocketFailure } from './errors.js'
import { isOpen, OFFER, settleOffer, type Answer, type OwnerMessage, type Request } from './messages.js'

/**
 * Longest wait, milliseconds. A thread that blocks for ever could not be ended from outside; and Windows before 10 2004 does not report
 * a failed connect through WSAPoll, so that it is looked for.
 */
const LONGEST_WAIT_MS = 500

interface Offer {
  readonly socket: SocketNumber
  readonly state: SharedArrayBuffer
}

interface Listening {
  readonly kind: 'listening'
  readonly entry: PollEntry
  /** Accepts asked for and not answered. */
  wanted: number
  readonly offers: Set<Offer>
}

interface Connecting {
  readonly kind: 'connecting'
  readonly entry: PollEntry
  readonly deadlineMs: number
}

/** A dial that came through: the socket is on offer. */
interface Connected {
  readonly kind: 'connected'
  readonly offer: Offer
}

type Item = Listening | Connecting | Connected

interface Client {
  readonly port: MessagePort
  readonly items: Map<number, Item>
}

export class AcceptLoop {
  readonly #calls: SocketCalls
  readonly #clock: Clock
  readonly #wake: PollEntry
  readonly #owner: MessagePort
  readonly #clients = new Map<number, Client>()
  #ended = false

  /**
   * @param wake becomes readable when there are requests
   * @param owner brings those of the thread's owner
   */
  constructor(calls: SocketCalls, clock: Clock, wake: SocketNumber, owner: MessagePort) {
    this.#calls = calls
    this.#clock = clock
    this.#wake = entryOf(wake, 'read')
    this.#owner = owner
  }

  /** Serves one more thread, until it leaves or is gone. */
  #join(key: number, port: MessagePort): void {
    this.#clients.set(key, { port, items: new Map() })
    port.once('close', () => this.#leave(key))
  }

  /** Closes everything of a thread. Idempotent. */
  #leave(key: number): void {
    const client = this.#clients.get(key)
    if (client === undefined) return
    this.#clients.delete(key)
    for (const item of client.items.values()) this.#release(item)
    client.items.clear()
    // So that nobody takes it for a thread that was lost, and closes what is closed.
    tell(client, { tell: 'ended' })
    client.port.close()
  }

  #end(): void {
    this.#ended = true
    for (const key of this.#clients.keys()) this.#leave(key)
  }

  #takeRequests(): void {
    for (const message of messagesOf<OwnerMessage>(this.#owner)) {
      if ('join' in message) this.#join(message.join, message.port)
      else if ('leave' in message) this.#leave(message.leave)
      else return this.#end()
    }
    for (const [key, client] of this.#clients) {
      for (const request of messagesOf<Request>(client.port)) {
        if (request.ask === 'leave') {
          this.#leave(key)
          break
        }
        this.#serve(client, request)
      }
    }
  }

  #serve(client: Client, request: Exclude<Request, { ask: 'leave' }>): void {
    const { id } = request
    try {
      switch (request.ask) {
        case 'listen':
          return this.#listen(client, id, request.socket, request.backlog)
        case 'connect':
          return this.#connect(client, id, request.socket, request.timeoutMs)
        case 'accept': {
          const item = client.items.get(id)
          if (item?.kind === 'listening') item.wanted++
          return
        }
        case 'close': {
          const item = client.items.get(id)
          client.items.delete(id)
          if (item !== undefined) this.#release(item)
          return tell(client, { tell: 'closed', id })
        }
      }
    } catch (error) {
      tell(client, { tell: 'failed', id, failure: failureOf(error) })
    }
  }

  #open({ family, protocol, options }: SocketRequest, then: (socket: SocketNumber) => void): void {
    const socket = this.#calls.socket(family, protocol)
    try {
      for (const option of options) this.#calls.setOption(socket, option)
      then(socket)
    } catch (error) {
      this.#calls.close(socket)
      throw error
    }
  }

  #listen(client: Client, id: number, request: SocketRequest, backlog: number): void {
    this.#open(request, (socket) => {
      this.#calls.bind(socket, request.address)
      this.#calls.listen(socket, backlog)
      client.items.set(id, { kind: 'listening', entry: entryOf(socket, 'read'), wanted: 0, offers: new Set() })
      tell(client, { tell: 'listening', id, socket })
    })
  }

  #connect(client: Client, id: number, request: SocketRequest, timeoutMs: number): void {
    this.#open(request, (socket) => {
      if (this.#calls.connect(socket, request.address)) return this.#connected(client, id, socket)
      const deadlineMs = this.#clock.now() + timeoutMs
      client.items.set(id, { kind: 'connecting', entry: entryOf(socket, 'write'), deadlineMs })
    })
  }

  #connected(client: Client, id: number, socket: SocketNumber): void {
    client.items.set(id, { kind: 'connected', offer: offer(client, id, socket) })
  }

  /** Closes what the item owns. What was offered and taken is no longer its own. */
  #release(item: Item): void {
    if (item.kind === 'connected') return this.#revoke(item.offer)
    this.#calls.close(item.entry.socket)
    if (item.kind === 'listening') for (const made of item.offers) this.#revoke(made)
  }

  #revoke({ socket, state }: Offer): void {
    if (settleOffer(state, OFFER.revoked)) this.#calls.close(socket)
  }

  /**
   * Waits once, and deals with what there is. False: the owner has ended it, and everything is closed.
   *
   * @throws {SocketError} the system cannot wait any more
   */
  turn(): boolean {
    const active: [Client, number, Listening | Connecting][] = []
    let waitMs = LONGEST_WAIT_MS
    const nowMs = this.#clock.now()
    for (const client of this.#clients.values()) {
      for (const [id, item] of client.items) {
        if (item.kind === 'connecting') waitMs = Math.min(waitMs, item.deadlineMs - nowMs)
        if (item.kind === 'connecting' || (item.kind === 'listening' && item.wanted > 0))
          active.push([client, id, item])
      }
    }
    const entries = [this.#wake, ...active.map(([, , item]) => item.entry)]
    this.#calls.poll(entries, Math.max(0, Math.ceil(waitMs)))
    if (this.#wake.ready) this.#calls.drain(this.#wake.socket)
    for (const [client, id, item] of active) {
      try {
        if (item.kind === 'connecting') this.#look(client, id, item)
        else if (item.entry.ready || item.entry.failed) this.#accept(client, id, item)
      } catch (error) {
        client.items.delete(id)
        this.#release(item)
        tell(client, { tell: 'failed', id, failure: failureOf(error) })
      }
    }
    this.#takeRequests()
    return !this.#ended
  }

  #accept(client: Client, id: number, item: Listening): void {
    while (item.wanted > 0) {
      let socket: SocketNumber | undefined
      try {
        socket = this.#calls.accept(item.entry.socket)
      } catch (error) {
        // A broken listener would be ready for ever; one that only lacks memory or numbers is asked again by the next accept.
        if (item.entry.failed) throw error
        item.wanted--
        tell(client, { tell: 'missed', id, failure: failureOf(error) })
        continue
      }
      if (socket === undefined) {
        const failure = item.entry.failed ? this.#calls.pendingError(item.entry.socket) : undefined
        if (failure !== undefined) throw new SocketError(this.#calls.library, failure)
        return
      }
      item.wanted--
      for (const made of item.offers) if (!isOpen(made.state)) item.offers.delete(made)
      item.offers.add(offer(client, id, socket))
    }
  }

  #look(client: Client, id: number, item: Connecting): void {
    const { socket } = item.entry
    const failure = this.#calls.pendingError(socket)
    if (failure !== undefined) throw new SocketError(this.#calls.library, failure)
    if (item.entry.ready) return this.#connected(client, id, socket)
    if (item.entry.failed || this.#clock.now() >= item.deadlineMs) {
      throw new SocketError(this.#calls.library, { syscall: 'connect', errno: this.#calls.timedOut })
    }
  }
}

function entryOf(socket: SocketNumber, wants: 'read' | 'write'): PollEntry {
  return { socket, wants, ready: false, failed: false }
}

function offer({ port }: Client, id: number, socket: SocketNumber): Offer {
  const state = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  port.postMessage({ tell: 'offer', id, socket, state } satisfies Answer)
  return { socket, state }
}

function tell({ port }: Client, answer: Answer): void {
  port.postMessage(answer)
}

function failureOf(error: unknown): SocketFailure {
  if (error instanceof SocketError) return { syscall: error.syscall, errno: error.errno }
  throw error
}

function* messagesOf<T>(port: MessagePort): Generator<T> {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: T } | undefined
    if (received === undefined) return
    yield received.message
  }
}
