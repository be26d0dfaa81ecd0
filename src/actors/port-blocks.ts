// Which ports the stdio of a guest's processes is dialled at. What was asked of a guest before its actor ended may be dialled late; the actor
// that follows, of a new Guest or after a lost thread, listens at none of those ports, so that no process gets another one's streams. Pure.

import { FIRST_STDIO_PORT } from '../protocol/hvsocket.js'

/** Ports that one actor cannot have used up. */
const PORTS_PER_BLOCK = 2 ** 20
/** From the first port of stdio to the last that a vsock port can be. After those it begins again: 3071 actors later nothing is late any more. */
const BLOCKS = Math.floor((2 ** 32 - FIRST_STDIO_PORT) / PORTS_PER_BLOCK)
/** VMs that are remembered: one that stays without a handle may end without a word. */
const MOST_VMS = 2 ** 16

export class PortBlocks {
  /** Actors that were started, by runtime id. */
  readonly #begun = new Map<string, number>()

  /** The first port of the next actor of a VM. `base`: that of its first one, where a program before this had come to. */
  next(runtimeId: string, base = FIRST_STDIO_PORT): number {
    const begun = this.#begun.get(runtimeId) ?? 0
    // Behind all others, so that the first is the one that was longest without a new actor.
    this.#begun.delete(runtimeId)
    this.#begun.set(runtimeId, begun + 1)
    if (this.#begun.size > MOST_VMS) this.#begun.delete(this.#begun.keys().next().value!)
    const offset = base - FIRST_STDIO_PORT + begun * PORTS_PER_BLOCK
    return FIRST_STDIO_PORT + (offset % (BLOCKS * PORTS_PER_BLOCK))
  }

  /** The VM is gone. */
  forget(runtimeId: string): void {
    this.#begun.delete(runtimeId)
  }
}
