// What a connection has to write: one write for all frames of a turn, and a promise of room for who writes much.

import type { Socket } from 'node:net'

export class Outgoing {
  readonly #socket: Socket
  #waiting: (() => void)[] = []
  #corked = false

  constructor(socket: Socket) {
    this.#socket = socket
    const wake = (): void => {
      const waiting = this.#waiting
      this.#waiting = []
      for (const resolve of waiting) resolve()
    }
    socket.on('drain', wake).on('close', wake)
  }

  /** Whether more is waiting to be sent than should. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain && !this.#socket.destroyed
  }

  send(frame: Uint8Array): void {
    if (!this.#socket.writable) return
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      queueMicrotask(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(frame)
  }

  /** Resolves once there is room, or the connection is gone. */
  room(): Promise<void> {
    return this.isFull ? new Promise((resolve) => void this.#waiting.push(resolve)) : Promise.resolve()
  }
}
