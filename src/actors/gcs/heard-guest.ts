// The part of a Guest that hears what is told of its system: log entries, warnings, and how many of either were lost.

import { GUEST_EVENTS, logRecord, type GuestEvents } from './guest-events.js'
import type { LogBatch } from './connection/log-outbox.js'
import { GuestResources } from './resource/resource-proxy.js'

export abstract class HeardGuest extends GuestResources<GuestEvents> {
  readonly #onDropped: (what: string, count: number) => void

  /** `onDropped`: warnings were lost; lost log entries are counted where they arrive. */
  constructor(onDropped: (what: string, count: number) => void = () => undefined) {
    super('guest', GUEST_EVENTS)
    this.#onDropped = onDropped
  }

  /** @internal This, and what befell its log. */
  takeLogs({ entries, dropped }: LogBatch): void {
    if (dropped > 0) this.emit('dropped', 'log', dropped)
    for (const entry of entries) this.emit('log', logRecord(entry))
  }

  /** @internal */
  readonly warn = (error: Error): void => this.emit('warning', error)

  /** @internal Before the next warning. */
  readonly warningsDropped = (count: number): void => {
    this.#onDropped('warning', count)
    this.emit('dropped', 'warning', count)
  }
}
