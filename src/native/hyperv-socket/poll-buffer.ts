// The array of structures that poll and WSAPoll take, kept from call to call.

import type { PollEntry } from './calls.js'

export interface PollLayout {
  readonly size: number
  readonly fd: number
  readonly events: number
  readonly revents: number
}

export interface PollBits {
  readonly read: number
  readonly write: number
  readonly failed: number
}

export class PollBuffer {
  #bytes = Buffer.alloc(0)
  readonly #layout: PollLayout
  readonly #bits: PollBits
  readonly #wide: boolean

  constructor(layout: PollLayout, bits: PollBits) {
    this.#layout = layout
    this.#bits = bits
    this.#wide = layout.events - layout.fd === 8
  }

  /** The structures of these entries. The bytes are good until the next call. */
  fill(entries: readonly PollEntry[]): Buffer {
    const { size, fd, events, revents } = this.#layout
    if (this.#bytes.length < entries.length * size) this.#bytes = Buffer.alloc(entries.length * size * 2)
    entries.forEach((entry, index) => {
      const at = index * size
      if (this.#wide) this.#bytes.writeBigUInt64LE(BigInt(entry.socket), at + fd)
      else this.#bytes.writeInt32LE(entry.socket, at + fd)
      this.#bytes.writeInt16LE(this.#bits[entry.wants], at + events)
      this.#bytes.writeInt16LE(0, at + revents)
    })
    return this.#bytes
  }

  /** What the call found. */
  read(entries: readonly PollEntry[]): void {
    const { size, revents } = this.#layout
    entries.forEach((entry, index) => {
      const found = this.#bytes.readInt16LE(index * size + revents)
      entry.ready = (found & this.#bits[entry.wants]) !== 0
      entry.failed = (found & this.#bits.failed) !== 0
    })
  }
}

/** Nothing was found: the call ended without looking. */
export function clearPolled(entries: readonly PollEntry[]): void {
  for (const entry of entries) {
    entry.ready = false
    entry.failed = false
  }
}
