// The relay of a Linux container process's output: from its pipe to the host's socket. At the end of the pipe the relay closes its sending
// side and reads until the host has closed too; only then is the process's exit told. When the host's end of an init process's stream
// vanishes, the same port is dialled again and again, and what was written last is written once more.

import type { Duplex } from 'node:stream'
import type { GuestKernel } from './kernel.js'
import type { Pipe } from './stdio.js'

/** What a new connection is given again, bytes. */
export const REPLAY_BYTES = 131_072
const REDIAL_MS = 100

/** How to come back after the host's end vanished. */
export interface Redial {
  dial(): Promise<Duplex>
  /** The container was killed or deleted. */
  isOver(): boolean
}

export interface RelayOptions {
  readonly kernel: GuestKernel
  readonly pipe: Pipe
  /** Undefined: only a redial can bring one. */
  readonly socket: Duplex | undefined
  readonly redial?: Redial | undefined
}

/** Resolves when the stream is over at both ends. Never rejects. */
export async function relayOutput({ kernel, pipe, socket: first, redial }: RelayOptions): Promise<void> {
  let socket = first
  const written = new Replay()
  for (let chunk = await pipe.read(); chunk !== undefined; chunk = await pipe.read()) {
    await kernel.gate.pass()
    if (redial !== undefined) written.add(chunk)
    if (socket !== undefined && (await sent(socket, chunk))) continue
    do socket = redial === undefined ? undefined : await dialAgain(kernel, redial)
    while (socket !== undefined && !(await sent(socket, written.bytes())))
    if (socket === undefined) {
      pipe.endReader()
      return
    }
  }
  if (socket !== undefined) await closeWithHost(socket)
}

/** Answers whether the bytes went out. */
function sent(socket: Duplex, bytes: Uint8Array): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => socket.write(bytes, (error) => resolve(error == null)))
}

async function dialAgain(kernel: GuestKernel, redial: Redial): Promise<Duplex | undefined> {
  while (!redial.isOver() && !kernel.stopped) {
    const socket = await redial.dial().catch(() => undefined)
    if (socket !== undefined) return socket
    await kernel.sleep(REDIAL_MS)
  }
  return undefined
}

/** Ends the stream and waits until the host has ended it too; whatever the host sends instead counts as that. */
function closeWithHost(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.destroy()
      resolve()
    }
    if (socket.destroyed) {
      resolve()
      return
    }
    socket.once('end', done)
    socket.once('close', done)
    socket.once('data', done)
    socket.end()
  })
}

/** The bytes written last. */
class Replay {
  readonly #chunks: Uint8Array[] = []
  #size = 0

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#size += chunk.byteLength
    while (this.#size - this.#chunks[0]!.byteLength >= REPLAY_BYTES) this.#size -= this.#chunks.shift()!.byteLength
  }

  bytes(): Uint8Array {
    const all = Buffer.concat(this.#chunks)
    return all.subarray(Math.max(0, all.byteLength - REPLAY_BYTES))
  }
}
