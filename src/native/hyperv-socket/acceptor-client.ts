// A thread's side of the acceptor thread: its listeners and dials there, and the adoption of what they bring.

import type { Socket } from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import { ActorLostError, InvalidStateError } from '../../errors.js'
import type { AcceptorLink } from './acceptor.js'
import type { SocketRequest } from './addressing.js'
import { adopt } from './adopt.js'
import type { SocketCalls, SocketNumber } from './calls.js'
import { SocketError } from './errors.js'
import { OFFER, settleOffer, type Answer, type Request } from './messages.js'

export interface ListenEvents {
  arrived(stream: Socket): void
  /** One accept came to nothing; the listener goes on. */
  missed(error: Error): void
  /** It is over, and its socket is closed. */
  failed(error: Error): void
}

export interface RemoteListener {
  /** Asks for one connection more. */
  accept(): void
  /** The address is free when it resolves. */
  close(): Promise<void>
}

export interface RemoteDial {
  readonly stream: Promise<Socket>
  /** Rejects the stream, unless it is there. */
  abandon(reason: Error): void
}

interface Item {
  answered(answer: Exclude<Answer, { tell: 'ended' }>): void
  /** The acceptor thread is no more. */
  lost(error: Error, inOrder: boolean): void
}

const OP = 'transport'

/** Refused because of what this side ended. */
export function refusal(reason: string): InvalidStateError {
  return new InvalidStateError({ op: OP, state: 'closed', reason })
}

/** As the reference host listens. */
const BACKLOG = 16

export class AcceptorClient {
  readonly #port: MessagePort
  readonly #life: MessagePort
  readonly #wake: SocketNumber
  readonly #calls: SocketCalls
  readonly #items = new Map<number, Item>()
  #next = 1
  /** Why nothing can be asked any more. */
  #over: Error | undefined

  constructor(link: AcceptorLink, calls: SocketCalls) {
    this.#port = link.port
    this.#life = link.life
    this.#wake = link.wake
    this.#calls = calls
    this.#port.on('message', (answer: Answer) => {
      if (answer.tell === 'ended') this.#end(refusal('the acceptor thread has ended'), true)
      else this.#items.get(answer.id)?.answered(answer)
    })
    this.#port.once('close', () => this.#end(new ActorLostError({ op: OP, reason: 'the acceptor thread died' }), false))
    this.#port.unref()
    this.#life.unref()
  }

  /**
   * Rejects with SocketError when the address is taken, not allowed, or of a family this host lacks; with InvalidStateError after the end,
   * and with ActorLostError when the acceptor thread dies.
   */
  listen(socket: SocketRequest, name: string, events: ListenEvents): Promise<RemoteListener> {
    return new Promise((resolve, reject) => {
      const id = this.#next++
      let number: SocketNumber | undefined
      let closing: Promise<void> | undefined
      let closed = (): void => undefined
      const listener: RemoteListener = {
        accept: () => this.#ask({ ask: 'accept', id }),
        close: () => {
          closing ??= new Promise((resolve) => {
            closed = resolve
            if (this.#items.has(id)) this.#ask({ ask: 'close', id })
            else resolve()
          })
          return closing
        },
      }
      const fail = (error: Error): void => {
        this.#remove(id)
        if (number === undefined) reject(error)
        else events.failed(error)
      }
      this.#add(id, reject, {
        answered: (answer) => {
          if (answer.tell === 'closed') {
            this.#remove(id)
            closed()
          } else if (answer.tell === 'listening') {
            number = answer.socket
            resolve(listener)
          } else if (answer.tell === 'failed') {
            fail(this.#errorOf(answer.failure, name))
            closed()
          } else if (closing !== undefined) {
            // What was offered is taken back by the closing.
          } else if (answer.tell === 'missed') {
            events.missed(this.#errorOf(answer.failure, name))
          } else {
            this.#take(answer, events.arrived, events.missed)
          }
        },
        lost: (error, inOrder) => {
          if (!inOrder && number !== undefined) this.#calls.close(number)
          fail(error)
          closed()
        },
      })
      this.#ask({ ask: 'listen', id, socket, backlog: BACKLOG })
    })
  }

  /** `stream` rejects with SocketError: ETIMEDOUT after `timeoutMs`, or what the system says before. */
  dial(socket: SocketRequest, timeoutMs: number, name: string): RemoteDial {
    const id = this.#next++
    let abandon = (_reason: Error): void => undefined
    const stream = new Promise<Socket>((resolve, reject) => {
      const end = (): void => {
        this.#remove(id)
        this.#ask({ ask: 'close', id })
      }
      abandon = (reason) => {
        if (!this.#items.has(id)) return
        end()
        reject(reason)
      }
      this.#add(id, reject, {
        answered: (answer) => {
          if (answer.tell === 'offer') this.#take(answer, resolve, reject)
          else if (answer.tell === 'failed') reject(this.#errorOf(answer.failure, name))
          end()
        },
        lost: reject,
      })
      this.#ask({ ask: 'connect', id, socket, timeoutMs })
    })
    return { stream, abandon: (reason) => abandon(reason) }
  }

  #take(
    { socket, state }: Extract<Answer, { tell: 'offer' }>,
    taken: (stream: Socket) => void,
    missed: (error: Error) => void,
  ): void {
    let stream: Socket | undefined
    try {
      stream = adopt(socket, () => settleOffer(state, OFFER.taken))
    } catch (error) {
      this.#calls.close(socket)
      return missed(error as Error)
    }
    if (stream !== undefined) taken(stream)
  }

  #errorOf(failure: { syscall: string; errno: number }, name: string): SocketError {
    return new SocketError(this.#calls.library, failure, name)
  }

  #add(id: number, reject: (error: Error) => void, item: Item): void {
    if (this.#over !== undefined) return reject(this.#over)
    this.#items.set(id, item)
    this.#port.ref()
  }

  #remove(id: number): void {
    this.#items.delete(id)
    if (this.#items.size === 0) this.#port.unref()
  }

  #ask(request: Request): void {
    // Once it is over, the number to wake it by may be somebody else's.
    if (this.#over !== undefined) return
    this.#port.postMessage(request)
    this.#calls.wake(this.#wake)
  }

  #end(error: Error, inOrder: boolean): void {
    if (this.#over !== undefined) return
    this.#over = error
    const items = [...this.#items.values()]
    this.#items.clear()
    for (const item of items) item.lost(error, inOrder)
    this.#port.close()
    this.#life.close()
  }

  /** Leaves; everything that is open there is closed. Idempotent. */
  close(): void {
    this.#ask({ ask: 'leave' })
    this.#end(refusal('the transport was closed'), true)
  }
}
