// What the Guest keeps of its connection, so that it can come back when the actor is lost with its thread: whether there was one, and
// where its numbers had come to. The guest dials again when it can; whether it does, it alone knows. When it does, what is waited for inside
// is waited for again.

import type { CallSubject } from '../mailbox/contract.js'
import { ActorLostError, BridgeClosedError } from '../../errors.js'
import { fromWireError, toWireError } from '../../errors-wire.js'
import { Survivors } from './survivors.js'
import type { GuestWiring } from './wiring.js'

/** Request ids that one actor cannot have used up. */
const IDS_PER_ACTOR = 2n ** 32n

export interface ConnectionLifeHooks {
  /** No error when it was closed on purpose. */
  disconnected(...error: [Error?]): void
  reconnected(): void
  warning(error: Error): void
}

export class ConnectionLife {
  readonly #wiring: GuestWiring
  readonly #hooks: ConnectionLifeHooks
  /** `broken`: the actor waits for it to come back. `wanted`: the actor is lost too, and it is to come back to the next one. */
  #state: 'none' | 'up' | 'broken' | 'wanted' = 'none'
  #isMigrating = false
  /** Why the VM is gone. */
  #exit: Error | undefined
  /** Actors that were lost. */
  #losses = 0
  readonly survivors: Survivors
  #takingOver: Promise<void> | undefined

  constructor(wiring: GuestWiring, hooks: ConnectionLifeHooks) {
    this.#wiring = wiring
    this.#hooks = hooks
    this.survivors = new Survivors(wiring.mailbox.clock)
    wiring.mailbox.onNotice('disconnected', (record) => {
      this.#state = record !== undefined && wiring.reconnect !== undefined ? 'broken' : 'none'
      this.#disconnected(record === undefined ? undefined : fromWireError(record))
    })
    wiring.mailbox.onNotice('reconnected', () => {
      this.#state = 'up'
      this.#reconnected()
    })
  }

  #disconnected(error: Error | undefined): void {
    this.#wiring.hooks.disconnected(error)
    this.#hooks.disconnected(...(error === undefined ? [] : ([error] as const)))
  }

  #reconnected(): void {
    this.#wiring.hooks.reconnected()
    this.#hooks.reconnected()
  }

  /** Ids below it were used by lost actors, whose answers may still come. */
  get firstId(): bigint | undefined {
    return this.#losses === 0 ? undefined : BigInt(this.#losses) * IDS_PER_ACTOR
  }

  /** There is a connection. When it was to come back, what is waited for inside comes first. @throws {ActorLostError} lost meanwhile */
  async begun(): Promise<void> {
    if (this.#state !== 'wanted') {
      this.#state = 'up'
      return
    }
    this.#takingOver ??= this.#takeOver().finally(() => (this.#takingOver = undefined))
    await this.#takingOver
  }

  async #takeOver(): Promise<void> {
    await this.survivors.takeOver()
    if (!this.#isWanted()) return
    this.#state = 'up'
    this.#reconnected()
  }

  /** It is not to come back by itself. */
  #unwanted(cause: Error): void {
    this.#state = 'none'
    this.survivors.end(cause)
  }

  /** Closed on purpose. */
  unwanted(): void {
    const { vmId: id } = this.#wiring
    this.#unwanted(new BridgeClosedError({ op: 'guest.connection', id, reason: 'it was closed on purpose' }))
  }

  /** There will be no other actor. */
  actorGivenUp(error: ActorLostError): void {
    this.#unwanted(error)
  }

  actorLost(cause: Error): void {
    this.#losses++
    if (this.#state !== 'up' && this.#state !== 'broken') return
    const wasUp = this.#state === 'up'
    this.#state = this.#wiring.reconnect === undefined ? 'none' : 'wanted'
    if (this.#state === 'wanted') this.survivors.expect(cause)
    if (!wasUp) return
    const { vmId } = this.#wiring
    this.#disconnected(new ActorLostError({ op: 'guest.connection', id: vmId, cause }))
  }

  vmExited(cause: Error): void {
    this.#exit = cause
    this.#unwanted(cause)
  }

  setMigrating(on: boolean): void {
    this.#isMigrating = on
  }

  /** A new actor is brought to where the lost one was; it listens at once, for a guest that dials and finds nobody may give up. */
  async restore(mailbox: GuestWiring['mailbox']): Promise<void> {
    const subject = (op: string): CallSubject => ({ op: `guest.${op}`, id: this.#wiring.vmId })
    if (this.#exit !== undefined) {
      await mailbox.call('vmExited', { cause: toWireError(this.#exit) }, subject('vmExited'))
      return
    }
    await mailbox.call('arm', {}, subject('prepareConnection'))
    if (!this.#isMigrating) return
    // A connection that migrates is taken up by a call, and its waits by others.
    const { vmId: id } = this.#wiring
    this.#unwanted(
      new BridgeClosedError({ op: 'guest.connection', id, reason: 'its actor was lost while the VM migrated' }),
    )
    await mailbox.call('setMigrating', { on: true }, subject('setMigrating'))
  }

  /** Waits for the guest to dial again, when there was a connection; as often and as long as after any other break. */
  async rejoin(): Promise<void> {
    const { reconnect, mailbox, vmId: id } = this.#wiring
    if (this.#state !== 'wanted' || reconnect === undefined) return
    const { firstId } = this
    const untilMs = mailbox.clock.now() + reconnect.withinMs
    for (let attempt = 1; ; attempt++) {
      try {
        const options = { timeoutMs: Math.max(untilMs - mailbox.clock.now(), Number.MIN_VALUE) }
        const subject = { op: 'guest.createConnection', id }
        await mailbox.call('connect', { coldStart: false, timeZone: '', firstId }, subject, options)
        if (this.#isWanted()) await this.begun()
        return
      } catch (error) {
        // Lost once more: whoever brings the actor back tries again.
        if (!this.#isWanted() || error instanceof ActorLostError) return
        // It broke off in the middle of the handshake, and dials again.
        if (error instanceof BridgeClosedError && attempt < reconnect.attempts) continue
        this.#unwanted(error as Error)
        this.#hooks.warning(error as Error)
        return
      }
    }
  }

  /** It may have changed during the wait. */
  #isWanted(): boolean {
    return this.#state === 'wanted'
  }
}

/** @throws every other error */
export function unlessLost(error: unknown): void {
  if (!(error instanceof ActorLostError)) throw error
}
