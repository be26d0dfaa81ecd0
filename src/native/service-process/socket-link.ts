// An actor thread's way to a service process: messages over one socket, handed on in the order of their effects.

import { HRESULT } from '../../protocol/hresult.js'
import { systemClock, type Clock } from '../clock.js'
import type { ServiceLink } from '../remote/link.js'
import type { FromService } from '../remote/wire.js'
import type { FramedSocket } from './framed-socket.js'
import { FrameError } from './frames.js'

/** @param connection is let in, and paused */
export function socketLink(connection: FramedSocket, clock: Clock = systemClock): ServiceLink {
  return {
    send: (message) => {
      try {
        connection.send(message)
      } catch (error) {
        throw error instanceof FrameError ? Object.assign(error, { hresult: HRESULT.E_INVALIDARG }) : error
      }
    },
    open: (onMessage, onEnd) => {
      const inOrder = new AnswersFirst(clock, onMessage)
      connection.open({
        onMessage: (message) => inOrder.take(message as FromService),
        onClose: () => {
          inOrder.flush()
          onEnd()
        },
      })
      connection.socket.unref()
      connection.resume()
    },
    close: () => connection.close(),
  }
}

/**
 * A socket may bring an answer and the event that followed it at once. Whoever waits for the answer runs in the microtasks behind all that
 * came, the event would be handled before: it waits for the next turn, and what comes behind it as well. (A message port has a turn for
 * each message.)
 */
class AnswersFirst {
  readonly #clock: Clock
  readonly #handOn: (message: FromService) => void
  #held: FromService[] = []
  /** In this turn; whoever waited for it may not have run. */
  #hasAnswered = false

  constructor(clock: Clock, handOn: (message: FromService) => void) {
    this.#clock = clock
    this.#handOn = handOn
  }

  take(message: FromService): void {
    if (this.#held.length > 0) {
      this.#held.push(message)
      return
    }
    if ('event' in message) {
      if (this.#hasAnswered) {
        this.#held.push(message)
        return
      }
    } else if (!this.#hasAnswered) {
      this.#hasAnswered = true
      this.#clock.immediate(() => this.#nextTurn())
    }
    this.#handOn(message)
  }

  #nextTurn(): void {
    this.#hasAnswered = false
    const held = this.#held
    this.#held = []
    for (const message of held) this.take(message)
  }

  /** Nothing more will come; what has come counts. */
  flush(): void {
    for (const message of this.#held.splice(0)) this.#handOn(message)
  }
}
