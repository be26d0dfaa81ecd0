// Two ends of a byte stream in one thread. A writer is held up when its reader is behind; an end that goes with bytes unread resets the
// other, any other end is an end of file there.

import { Duplex } from 'node:stream'
import type { Delay } from './ports.js'
import type { Lane, Scheduler, VirtualThread } from './scheduler.js'

/** Bytes under way to a reader beyond which a writer waits. */
const WINDOW_BYTES = 64 * 1024

export interface SocketPair {
  readonly scheduler: Scheduler
  readonly delay: Delay
  readonly name: string
  readonly threads: readonly [VirtualThread, VirtualThread]
  readonly onClosed: (socket: MemorySocket) => void
}

export class MemorySocket extends Duplex {
  readonly thread: VirtualThread
  readonly #pair: SocketPair
  /** What comes from the other end. */
  readonly #lane: Lane
  readonly #inbox: Uint8Array[] = []
  #peer: MemorySocket | undefined
  #wants = false
  #hasEnded = false
  #isPeerGone = false
  #isVanished = false
  /** Written and not read yet. */
  #underWay = 0
  /** Ends the write that waits for the reader. */
  #blocked: ((error?: Error | null) => void) | undefined

  constructor(
    pair: SocketPair,
    thread: VirtualThread,
    /** The end that was dialled from. */
    readonly isNear: boolean,
  ) {
    super({ allowHalfOpen: true })
    this.#pair = pair
    this.thread = thread
    this.#lane = pair.scheduler.lane(() => thread, `${pair.name} ${isNear ? 'guest' : 'host'}`)
    // As those that a listener accepts: who takes it says when it flows. One that was dialled flows when somebody listens.
    if (!isNear) this.pause()
  }

  get name(): string {
    return this.#pair.name
  }

  join(peer: MemorySocket): void {
    this.#peer = peer
  }

  /** Before anything comes from the other end. */
  announce(arrive: () => void): void {
    this.#lane.push(arrive, this.#pair.delay())
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const peer = this.#peer
    if (this.#isPeerGone || peer === undefined) {
      done(problem('EPIPE'))
      return
    }
    const { random } = this.#pair.scheduler
    const cut = chunk.byteLength > 1 && random.chance(1 / 8) ? 1 + random.below(chunk.byteLength - 1) : chunk.byteLength
    const bytes = Uint8Array.from(chunk)
    for (const piece of cut === bytes.byteLength ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      peer.#lane.push(() => peer.#arrive(piece), this.#pair.delay())
    }
    this.#underWay += bytes.byteLength
    if (this.#underWay > WINDOW_BYTES) this.#blocked = done
    else done()
  }

  #arrive(bytes: Uint8Array): void {
    if (this.destroyed) return
    this.#inbox.push(bytes)
    this.#pump()
  }

  override _read(): void {
    this.#wants = true
    this.#pump()
  }

  #pump(): void {
    while (this.#wants && this.#inbox.length > 0) {
      const bytes = this.#inbox.shift()!
      // Before it is pushed: that may ask for more at once.
      this.#taken(bytes.byteLength)
      this.#wants = this.push(bytes)
    }
    if (this.#hasEnded && this.#inbox.length === 0) this.#pushEnd()
  }

  #pushEnd(): void {
    if (this.#wants) this.push(null)
  }

  #taken(bytes: number): void {
    const peer = this.#peer
    if (peer === undefined || peer.#isVanished) return
    peer.#underWay -= bytes
    if (peer.#blocked !== undefined && peer.#underWay <= WINDOW_BYTES / 2) peer.#lane.push(() => peer.#release())
  }

  #release(error?: Error): void {
    const blocked = this.#blocked
    this.#blocked = undefined
    blocked?.(error)
  }

  override _final(done: (error?: Error | null) => void): void {
    const peer = this.#peer
    if (peer !== undefined) peer.#lane.push(() => peer.#arriveEnd(), this.#pair.delay())
    done()
  }

  #arriveEnd(): void {
    if (this.destroyed || this.#hasEnded) return
    this.#hasEnded = true
    this.#pump()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#leave(this.#inbox.length > 0)
    done(error)
  }

  #leave(isReset: boolean): void {
    if (this.#isVanished) return
    this.#isVanished = true
    this.#pair.onClosed(this)
    this.#release(problem('ECANCELED'))
    const peer = this.#peer
    if (peer !== undefined) peer.#lane.push(() => peer.#peerLeft(isReset), this.#pair.delay())
  }

  #peerLeft(isReset: boolean): void {
    this.#isPeerGone = true
    if (this.destroyed || this.#isVanished) return
    if (isReset) {
      this.destroy(problem('ECONNRESET'))
      return
    }
    this.#arriveEnd()
    this.#release(problem('EPIPE'))
  }

  /** Its thread is gone: the system closes this end, and nobody here is told. */
  vanish(): void {
    if (this.#isVanished) return
    this.#isVanished = true
    this.#pair.onClosed(this)
    const peer = this.#peer
    if (peer !== undefined) peer.#lane.push(() => peer.#peerLeft(this.#inbox.length > 0), this.#pair.delay())
  }

  /** The connection breaks, for both ends. */
  cut(): void {
    for (const end of [this, this.#peer]) {
      if (end !== undefined) end.#lane.push(() => end.#peerLeft(true), this.#pair.delay())
    }
  }
}

export function pairSockets(pair: SocketPair): [MemorySocket, MemorySocket] {
  const near = new MemorySocket(pair, pair.threads[0], true)
  const far = new MemorySocket(pair, pair.threads[1], false)
  near.join(far)
  far.join(near)
  return [near, far]
}

function problem(code: string): Error {
  return Object.assign(new Error(code), { code })
}
