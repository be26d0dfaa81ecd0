// The turns of a guest's changes: performs what the gate decides, and tells of what was given up and came about all the same.

import { InvalidStateError } from '../../../errors.js'
import type { Gauges } from '../../environment.js'
import type { ActorCall } from '../../mailbox/contract.js'
import { ModifyGate, type GateEffect } from './modify-gate.js'

export interface ModifyTurn {
  /** Its caller waits no longer: the guest goes on with it. */
  isAbandoned(): boolean
  /** It has really ended. Idempotent. */
  end(): void
}

class Turn implements ModifyTurn {
  wasAbandoned = false
  forget: (() => void) | undefined

  constructor(private readonly ended: () => void) {}

  isAbandoned(): boolean {
    return this.wasAbandoned
  }

  end(): void {
    this.forget?.()
    this.ended()
  }
}

export class ModifyTurns {
  readonly #gate: ModifyGate
  readonly #gauges: Gauges
  readonly #waiting = new Map<number, (isStarted: boolean) => void>()
  /** As many are in the gauge. */
  #told = 0

  /** `limit`: how many changes may be under way at once. */
  constructor(limit: number, gauges: Gauges) {
    this.#gate = new ModifyGate(limit)
    this.#gauges = gauges
  }

  /** Takes a place, or waits for one. Undefined: the caller gave up before, and nothing is to be sent. */
  take(op: string, call: ActorCall): ModifyTurn | Promise<ModifyTurn | undefined> {
    const { ticket, effects } = this.#gate.submit(op)
    const turn = new Turn(() => this.#perform(this.#gate.ended(ticket)))
    turn.forget = call.onCancel(() => {
      turn.wasAbandoned = true
      const given = this.#gate.abandon(ticket)
      if (given.wasWaiting) this.#settle(ticket, false)
      this.#perform(given.effects)
    })
    // There was a place: it is the only one that is let through.
    if (effects[0]?.ticket === ticket) return turn
    return this.#wait(ticket, turn, call, effects)
  }

  async #wait(
    ticket: number,
    turn: ModifyTurn,
    call: ActorCall,
    effects: GateEffect[],
  ): Promise<ModifyTurn | undefined> {
    const started = new Promise<boolean>((resolve) => this.#waiting.set(ticket, resolve))
    this.#gauges.queued++
    call.standing = () => ({ sent: false, reason: this.#whereabouts(ticket) })
    this.#perform(effects)
    const isStarted = await started
    this.#gauges.queued--
    call.standing = undefined
    return isStarted ? turn : undefined
  }

  #whereabouts(ticket: number): string {
    const place = this.#gate.place(ticket)
    if (place === undefined) return 'it was about to be sent'
    const others = place.between === 0 ? '' : ` and ${place.between} more`
    return `it waited behind ${place.behind}${others}`
  }

  #perform(effects: GateEffect[]): void {
    for (const { ticket } of effects) this.#settle(ticket, true)
    const { abandoned } = this.#gate
    this.#gauges.abandoned += abandoned - this.#told
    this.#told = abandoned
  }

  #settle(ticket: number, isStarted: boolean): void {
    const settle = this.#waiting.get(ticket)
    this.#waiting.delete(ticket)
    settle?.(isStarted)
  }
}

/** Members of a change's settings that say which resource it is, and nothing that anybody keeps to himself. */
const NAMES = ['MountPath', 'ContainerPath', 'ContainerRootPath', 'NamespaceID', 'Controller', 'Lun', 'DeviceNumber']

/** Longest part of a name that is told. */
const MAX_NAME = 100

/** What the owner of a change that was given up is told when it came about after all. `request`: its Request value. */
export function lateSuccess(op: string, vmId: string, request: string): InvalidStateError {
  const { ResourceType, RequestType, Settings } = JSON.parse(request) as Record<string, unknown>
  const settings = (Settings ?? {}) as Record<string, unknown>
  const names = NAMES.filter((name) => settings[name] !== undefined).map((name) => {
    return `${name} ${JSON.stringify(settings[name]).slice(0, MAX_NAME)}`
  })
  const what = [`${String(RequestType ?? 'Add')} of ${String(ResourceType)}`, ...names].join(', ')
  const reason = `it was given up, and the guest did it all the same (${what})`
  return new InvalidStateError({ op, id: vmId, state: 'done-late', reason })
}
