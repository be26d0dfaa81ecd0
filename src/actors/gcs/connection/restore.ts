// What a new connection may hear although it asked for nothing: the rest of an earlier one. Pure.
//
// A Linux guest survives the loss of its connection. On the next one it first tells of containers that exited meanwhile, and later answers
// requests of the earlier connection by their old ids. After a reconnect this side knows exactly which those can be (strays). After a
// live migration it does not: the saved state is handed in piece by piece, so what is unknown is held, within bounds, until it is claimed.

import { ProtocolError } from '../../../errors.js'
import type { Frame } from '../../../protocol/bridge/frame-reader.js'
import type { ContainerNotice } from '../../../protocol/bridge/messages.js'

/** What an earlier connection left open. */
export interface Leftovers {
  /** Every id of that connection is below. */
  readonly nextId: bigint
  /** Requests without an answer. */
  readonly ids: ReadonlySet<bigint>
  /** Containers whose exit was not told. */
  readonly containers: ReadonlySet<string>
}

/** Most strays of each kind that are remembered, the newest: a guest that drops its connection again and again is owed no memory for it. */
const MAX_STRAYS = 4096

/** The newest of what an earlier and a later connection have left open. */
export function newestStrays<T>(earlier: Iterable<T>, later: Iterable<T>): Set<T> {
  return new Set([...earlier, ...later].slice(-MAX_STRAYS))
}

/** Most that is held, frames and bytes. Ours: a guest has a few hundred processes and containers; each message is about 200 bytes. */
const MAX_HELD_FRAMES = 4096
const MAX_HELD_BYTES = 1024 * 1024

/** Frames that came before anybody claimed them. */
export class HeldFrames {
  readonly #answers = new Map<bigint, Frame>()
  readonly #notices = new Map<string, ContainerNotice>()
  #bytes = 0

  /** @throws {ProtocolError} the same one twice, or more than is held */
  keepAnswer(frame: Frame): void {
    if (this.#answers.has(frame.id))
      throw new ProtocolError({ reason: `the guest answered the request ${frame.id} twice` })
    this.#charge(frame.payload.byteLength)
    // A copy: the payload is a piece of all that came with it.
    this.#answers.set(frame.id, { ...frame, payload: frame.payload.slice() })
  }

  /** @throws {ProtocolError} the same one twice, or more than is held */
  keepNotice(notice: ContainerNotice, bytes: number): void {
    if (this.#notices.has(notice.containerId)) {
      const who = JSON.stringify(notice.containerId.slice(0, 80))
      throw new ProtocolError({ reason: `the guest notified of the container ${who} twice` })
    }
    this.#charge(bytes)
    this.#notices.set(notice.containerId, notice)
  }

  #charge(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes <= MAX_HELD_BYTES && this.#answers.size + this.#notices.size < MAX_HELD_FRAMES) return
    throw new ProtocolError({ reason: 'the guest sent more unexpected messages than are held during a restore' })
  }

  takeAnswer(id: bigint): Frame | undefined {
    const frame = this.#answers.get(id)
    this.#answers.delete(id)
    this.#bytes -= frame?.payload.byteLength ?? 0
    return frame
  }

  takeNotice(containerId: string): ContainerNotice | undefined {
    const notice = this.#notices.get(containerId)
    this.#notices.delete(containerId)
    return notice
  }

  /** What nobody claimed. */
  get unclaimed(): { ids: bigint[]; containers: string[] } {
    return { ids: [...this.#answers.keys()], containers: [...this.#notices.keys()] }
  }
}
