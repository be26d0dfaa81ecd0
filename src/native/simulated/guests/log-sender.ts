// The guest's log on its way to the host: JSON objects, one a line. A host that takes no log only misses it; entries of a time without
// connection are lost, and so are those that a host does not read.

import type { Duplex } from 'node:stream'
import type { GuestKernel } from './kernel.js'

const REDIAL_MS = 100

export class LogSender {
  readonly #kernel: GuestKernel
  #stream: Duplex | undefined

  constructor(kernel: GuestKernel) {
    this.#kernel = kernel
  }

  /** Answers whether the host takes the log. */
  async open(serviceId: string): Promise<boolean> {
    const stream = await this.#kernel.dial(serviceId).catch(() => undefined)
    if (stream === undefined) return false
    stream.resume()
    // A host that closes its end is gone.
    stream.once('end', () => stream.destroy())
    this.#stream = stream
    this.#kernel.say('info', 'guest log connected')
    return true
  }

  /** Connects again and again, until the machine stops or `isOver` says so. */
  async keepOpen(serviceId: string, isOver: () => boolean = () => false): Promise<void> {
    while (!this.#kernel.stopped && !isOver()) {
      const stream = this.#stream
      if (stream !== undefined && !stream.destroyed) {
        await new Promise<void>((resolve) => stream.once('close', () => resolve()))
      } else if (!(await this.open(serviceId))) await this.#kernel.sleep(REDIAL_MS)
    }
  }

  close(): void {
    const stream = this.#stream
    this.#stream = undefined
    if (stream !== undefined && !stream.destroyed) stream.end(() => stream.destroy())
  }

  /** An entry as the Linux guest writes it, keys sorted. */
  say(level: string, msg: string, fields: Record<string, unknown> = {}): void {
    const entry = { ...fields, level, msg, time: this.#kernel.now().toISOString() }
    this.write(Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1))))
  }

  write(entry: Record<string, unknown>): void {
    const stream = this.#stream
    if (stream === undefined || !stream.writable || stream.writableNeedDrain) return
    stream.write(`${JSON.stringify(entry)}\n`)
  }
}
