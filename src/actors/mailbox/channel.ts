// Channels between threads. Whoever makes one is given the function for it, so that a simulation in one thread can put its own in place.

import { MessageChannel, type MessagePort } from 'node:worker_threads'

/** Two ends: one to keep, one to send to a thread. */
export interface Channel {
  readonly local: MessagePort
  readonly remote: MessagePort
}

export type OpenChannel = () => Channel

export function newChannel(): Channel {
  const { port1, port2 } = new MessageChannel()
  return { local: port1, remote: port2 }
}
