// What the Guest keeps of its connection, so that it can come back when the actor is lost with its thread: whether there was one, and
// where its numbers had come to. The guest dials again when it can; whether it does, it alone knows.

import type { CallSubject } from '../mailbox/contract.js'
import { ActorLostError } from '../../errors.js'
import { fromWireError, toWireError } from '../../errors-wire.js'
import { FIRST_STDIO_PORT } from '../../protocol/hvsocket.js'
import type { GuestWiring } from './wiring.js'

/** Request ids that one actor cannot have used up, and ports. */
const IDS_PER_ACTOR = 2n ** 32n
const PORTS_PER_ACTOR = 2 ** 20

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

  constructor(wiring: GuestWiring, hooks: ConnectionLifeHooks) {
    this.#wiring = wiring
    this.#hooks = hooks
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

  begun(): void {
    const wasWanted = this.#state === 'wanted'
    this.#state = 'up'
    if (wasWanted) this.#reconnected()
  }

  /** Closed on purpose: it is not to come back by itself. */
  unwanted(): void {
    this.#state = 'none'
  }

  actorLost(cause: Error): void {
    this.#losses++
    if (this.#state !== 'up' && this.#state !== 'broken') return
    const wasUp = this.#state === 'up'
    this.#state = this.#wiring.reconnect === undefined ? 'none' : 'wanted'
    if (!wasUp) return
    const { vmId } = this.#wiring
    this.#disconnected(new ActorLostError({ op: 'guest.connection', id: vmId, cause }))
  }

  vmExited(cause: Error): void {
    this.#exit = cause
    this.#state = 'none'
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
    const port = FIRST_STDIO_PORT + this.#losses * PORTS_PER_ACTOR
    await mailbox.call('seedNextPort', { port }, subject('setNextPort'))
    if (!this.#isMigrating) return
    // A connection that migrates is taken up by a call.
    this.#state = 'none'
    await mailbox.call('setMigrating', { on: true }, subject('setMigrating'))
  }

  /** Waits for the guest to dial again, when there was a connection. */
  async rejoin(): Promise<void> {
    if (this.#state !== 'wanted') return
    const subject = { op: 'guest.createConnection', id: this.#wiring.vmId }
    try {
      const { firstId } = this
      const options = { timeoutMs: this.#wiring.reconnect?.withinMs }
      await this.#wiring.mailbox.call('connect', { coldStart: false, timeZone: '', firstId }, subject, options)
      if (this.#isWanted()) this.begun()
    } catch (error) {
      // Lost once more: whoever brings the actor back tries again.
      if (!this.#isWanted() || error instanceof ActorLostError) return
      this.#state = 'none'
      this.#hooks.warning(error as Error)
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
