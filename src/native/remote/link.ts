// The way from an actor thread to a compute service: a message port when that is a thread of the same process, a socket when it is
// a process of its own.

import type { MessagePort } from 'node:worker_threads'
import type { FromService, ToService } from './wire.js'

export interface ServiceLink {
  /** Does nothing once the link is down. @throws {Error} what no service would take, such as a message too large */
  send(message: ToService): void
  /** Called once, at first. `onEnd` is called when the link is down, whoever took it down. */
  open(onMessage: (message: FromService) => void, onEnd: () => void): void
  close(): void
}

/** @param port its other end is served by the thread of the service */
export function portLink(port: MessagePort): ServiceLink {
  return {
    send: (message) => port.postMessage(message),
    open: (onMessage, onEnd) => {
      port.on('message', onMessage)
      port.once('close', onEnd)
      port.unref()
    },
    close: () => port.close(),
  }
}
