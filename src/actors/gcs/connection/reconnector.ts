// Follows a lost transport: performs what reconnect.ts decides. The listener is armed at the break; whoever dials is shaken hands with, one
// after the other, until the guest is back or is given up.

import type { Duplex } from 'node:stream'
import type { Clock, Timer } from '../../../native/clock.js'
import type { NegotiatedGuest } from '../contract.js'
import {
  reconnectStep,
  type ReconnectBounds,
  type ReconnectEffect,
  type ReconnectEvent,
  type ReconnectState,
} from './reconnect.js'

export interface ReconnectorOptions {
  bounds: ReconnectBounds
  clock: Clock
  accept: (signal: AbortSignal) => Promise<Duplex>
  /** Hands are shaken on a new transport. A failure has been told as `lost`, or as the connection's end. */
  shake: (stream: Duplex, signal: AbortSignal) => Promise<NegotiatedGuest>
  /** Nobody is waited for any more. */
  onStop: () => void
  onRestored: () => void
  onGivenUp: (reason: string, cause: unknown) => void
}

/** How the following of one break came out. */
export type Return = { kind: 'back'; guest: NegotiatedGuest } | { kind: 'given-up' } | { kind: 'ended' }

interface Following {
  readonly abort: AbortController
  readonly timer: Timer
  readonly outcome: Promise<Return>
  readonly settle: (outcome: Return) => void
}

export class Reconnector {
  readonly #options: ReconnectorOptions
  #state: ReconnectState = { kind: 'idle' }
  #following: Following | undefined
  #guest: NegotiatedGuest | undefined
  #failure: unknown

  constructor(options: ReconnectorOptions) {
    this.#options = options
  }

  /** The break that is being followed, if any. */
  get following(): Promise<Return> | undefined {
    return this.#following?.outcome
  }

  served(): void {
    this.#step('served')
  }

  /** The transport is gone. `tell`: called when that is news. */
  lost(tell: () => void): void {
    if (this.#state.kind === 'idle') this.#step('served')
    this.#step('lost', tell)
  }

  /** The connection is over, or somebody else follows it. */
  ended(): void {
    this.#step('ended')
  }

  #step(event: ReconnectEvent, tell: () => void = () => undefined): void {
    const { bounds, clock } = this.#options
    const { state, effects } = reconnectStep(this.#state, event, clock.now(), bounds)
    this.#state = state
    for (const effect of effects) this.#perform(effect, event, tell)
  }

  #perform(effect: ReconnectEffect, event: ReconnectEvent, tell: () => void): void {
    const { attempts, withinMs } = this.#options.bounds
    switch (effect) {
      case 'tell-lost':
        return tell()
      case 'listen':
        // One that goes on sees by itself that it does.
        if (this.#following === undefined) void this.#try((this.#following = this.#follow()))
        return
      case 'stop':
        return this.#stop(event)
      case 'tell-restored':
        return this.#options.onRestored()
      case 'give-up-time':
        return this.#options.onGivenUp(this.#whyLate(withinMs), this.#failure)
      case 'give-up-attempts':
        return this.#options.onGivenUp(`${attempts} connections within ${withinMs} ms were lost`, undefined)
    }
  }

  #whyLate(withinMs: number): string {
    return this.#failure === undefined
      ? `the guest has not come back within ${withinMs} ms`
      : 'the guest could not be listened for'
  }

  #follow(): Following {
    const { clock } = this.#options
    const leftMs = this.#state.kind === 'waiting' ? this.#state.untilMs - clock.now() : 0
    let settle: Following['settle'] = () => undefined
    const outcome = new Promise<Return>((resolve) => (settle = resolve))
    this.#failure = undefined
    return { abort: new AbortController(), timer: clock.after(leftMs, () => this.#step('late')), outcome, settle }
  }

  #stop(event: ReconnectEvent): void {
    const following = this.#following
    this.#following = undefined
    const guest = this.#guest
    this.#guest = undefined
    if (following !== undefined) {
      following.timer.clear()
      following.abort.abort()
      const isGivenUp = event === 'late' || event === 'lost'
      following.settle(
        event === 'restored' && guest !== undefined
          ? { kind: 'back', guest }
          : { kind: isGivenUp ? 'given-up' : 'ended' },
      )
    }
    this.#options.onStop()
  }

  /** Whoever dials, one after the other: the next only once the last is done with. */
  async #try({ abort: { signal } }: Following): Promise<void> {
    const isOver = (): boolean => signal.aborted
    while (this.#state.kind === 'waiting' && !isOver()) {
      let stream: Duplex
      try {
        stream = await this.#options.accept(signal)
      } catch (error) {
        if (isOver()) return
        this.#failure = error
        return this.#step('late')
      }
      if (isOver()) return void stream.destroy()
      this.#step('dialled')
      try {
        this.#guest = await this.#options.shake(stream, signal)
      } catch {
        continue
      }
      if (!isOver()) this.#step('restored')
    }
  }
}
