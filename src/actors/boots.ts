// Boot slots (`limits.boots`): one for each VM, taken when its start is sent and kept until its guest is connected, the boot has failed or the
// VM has exited; for a VM without a Guest, until start answers. Never longer than 30 s after start: a guest that says nothing holds up nobody.
//
// A VM's actor and its guest's share a thread, and so this.

import type { Clock, Timer } from '../native/clock.js'
import type { BootSlots, SlotRequest, Slots } from './environment.js'

/** Milliseconds after start. */
const MOST_MS = 30_000

interface Held {
  readonly release: () => void
  readonly timer: Timer
}

export class Boots implements BootSlots {
  readonly #slots: Slots
  readonly #clock: Clock
  /** Guests that are there, connected or not, by runtime id of their VM. */
  readonly #guests = new Map<string, number>()
  readonly #held = new Map<string, Held>()

  constructor(slots: Slots, clock: Clock) {
    this.#slots = slots
    this.#clock = clock
  }

  get releases(): number {
    return this.#slots.releases
  }

  acquire(owner: string): SlotRequest {
    return this.#slots.acquire(owner)
  }

  ofVM(runtimeId: () => string | undefined): Slots {
    const slots = this.#slots
    return {
      get releases() {
        return slots.releases
      },
      acquire: (owner) => {
        const { granted, cancel } = this.#own(runtimeId()) ?? this.#slots.acquire(owner)
        const kept = granted.then((release) => release && (() => this.#answered(runtimeId(), release)))
        return { granted: kept, cancel }
      },
    }
  }

  /** The slot that the VM has already. */
  #own(runtimeId: string | undefined): SlotRequest | undefined {
    const held = runtimeId === undefined ? undefined : this.#held.get(runtimeId)
    if (runtimeId === undefined || held === undefined) return undefined
    this.#held.delete(runtimeId)
    held.timer.clear()
    return { granted: Promise.resolve(held.release), cancel: () => undefined }
  }

  /** The start has answered, or was not sent. */
  #answered(runtimeId: string | undefined, release: () => void): void {
    if (runtimeId === undefined || !this.#guests.has(runtimeId)) return release()
    this.end(runtimeId)
    const timer = this.#clock.after(MOST_MS, () => this.end(runtimeId))
    this.#held.set(runtimeId, { release, timer })
  }

  /** It is over: the guest is connected, or its connection or the boot has failed, or the VM has exited. */
  end(runtimeId: string): void {
    const held = this.#held.get(runtimeId)
    this.#held.delete(runtimeId)
    held?.timer.clear()
    held?.release()
  }

  /** There is a Guest that will connect. The returned function: there is none any more. */
  expect(runtimeId: string): () => void {
    this.#guests.set(runtimeId, (this.#guests.get(runtimeId) ?? 0) + 1)
    return () => {
      const left = (this.#guests.get(runtimeId) ?? 1) - 1
      if (left > 0) return void this.#guests.set(runtimeId, left)
      this.#guests.delete(runtimeId)
      this.end(runtimeId)
    }
  }
}
