// One living compute system of the service: its model, its guest, and who listens to its changes.

import type { HcsEvent } from '../../hcs.js'
import type { BuiltinGuest } from '../guests/machine.js'
import type { ComputeSystemModel } from './system.js'

/** What a guest's machine needs of its system. */
export interface SystemHost {
  readonly model: ComputeSystemModel
  /** Clients that hold a handle, in the order they opened theirs. */
  clients(): string[]
  onChange(listener: () => void): () => void
  /** The guest switched the machine off. */
  poweredOff(): void
}

/** One open handle. */
export interface Handle {
  readonly number: number
  readonly system: LiveSystem
  client: string
  /** Undefined while nobody owns the handle. */
  deliver: ((event: HcsEvent) => void) | undefined
  /** Events on their way, in causal order. */
  readonly queue: HcsEvent[]
  /** Its close has begun, or the service said that it is gone: nothing more is told. */
  isOver: boolean
}

export class LiveSystem implements SystemHost {
  readonly handles = new Set<Handle>()
  guest: BuiltinGuest | undefined
  /** The guest was asked to reboot, and the document lets it. */
  resets = false
  readonly #listeners = new Set<() => void>()
  readonly #onExit: (() => void)[] = []

  constructor(
    readonly model: ComputeSystemModel,
    private readonly onPoweredOff: (system: LiveSystem) => void,
  ) {}

  clients(): string[] {
    return [...new Set([...this.handles].map((handle) => handle.client))]
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  poweredOff(): void {
    this.onPoweredOff(this)
  }

  /** Runs at the exit, or at once when that was before. */
  afterExit(listener: () => void): void {
    if (this.model.exit === undefined) this.#onExit.push(listener)
    else listener()
  }

  exited(): void {
    for (const listener of this.#onExit.splice(0)) listener()
    this.#listeners.clear()
  }
}
