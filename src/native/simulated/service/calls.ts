// How a call passes through the service: it waits for its latency, meets its fault, and is then carried out in one step, so nothing is
// ever half done.

import { HRESULT } from '../../../protocol/hresult.js'
import type { Clock } from '../../clock.js'
import { attribute, HcsFailure, type FailedStep } from '../failure.js'
import { CallPlanner } from './faults.js'
import type { HandleTable } from './handles.js'
import type { LiveSystem } from '../state/live-system.js'
import type { FaultRule, HcsOp, ServiceOptions } from '../options.js'
import { chance } from '../seeded.js'
import { exitOfType } from '../state/system.js'
import type { LivingSystems } from './living-systems.js'

export interface Call {
  op: HcsOp
  id: string
  /** Absent for create and open. */
  system?: LiveSystem
  /** Resource path of a modification. */
  path?: string | undefined
  /** What a failure is put down to, where the operation does not say. */
  step?: FailedStep | undefined
}

/** The step that a failed call is put down to. Opening, closing and migrating have no name. */
export const STEPS: Readonly<Partial<Record<HcsOp, FailedStep>>> = {
  create: 'Construct',
  start: 'Start',
  pause: 'Pause',
  resume: 'Resume',
  shutdown: 'Shutdown',
  terminate: 'Terminate',
  save: 'Save',
  properties: 'GetProperties',
  modify: 'Modify',
}

export class CallPath {
  readonly #clock: Clock
  readonly #seed: number
  readonly #planner: CallPlanner
  readonly #systems: LivingSystems
  readonly #handles: HandleTable

  constructor(options: ServiceOptions, clock: Clock, systems: LivingSystems, handles: HandleTable) {
    this.#clock = clock
    this.#seed = options.seed ?? 1
    this.#planner = new CallPlanner(options, this.#seed, (id) => systems.get(id) !== undefined)
    this.#systems = systems
    this.#handles = handles
  }

  /** @throws {HcsFailure} */
  async pass<T>(call: Call, work: () => T | Promise<T>): Promise<T> {
    try {
      return await this.#pass(call, work)
    } catch (error) {
      const step = call.step ?? STEPS[call.op]
      throw error instanceof HcsFailure && step !== undefined ? attribute(error, step) : error
    }
  }

  async #pass<T>({ op, id, system, path }: Call, work: () => T | Promise<T>): Promise<T> {
    const wasAlive = system?.model.exit === undefined
    const { delayMs, rule } = this.#planner.plan(op, id, path)
    if (delayMs > 0) await this.#pause(delayMs)
    if (rule?.never === true) return new Promise(() => undefined)
    if (rule?.fail !== undefined) {
      await this.#act(rule, system)
      throw new HcsFailure(rule.fail)
    }
    if (wasAlive && system?.model.exit !== undefined && op !== 'terminate' && op !== 'properties' && op !== 'close') {
      throw new HcsFailure(HRESULT.HCS_E_TERMINATED)
    }
    const result = await work()
    await this.#act(rule, system ?? this.#systems.get(id))
    // Whether the answer of a terminate or its exit event is first is chance.
    if (op === 'terminate' && chance(this.#seed, 'order', id) < 0.5) await this.#pause(0)
    return result
  }

  /** What a fault does beside failing; ends when the answer may be given. */
  async #act(rule: FaultRule | undefined, system: LiveSystem | undefined): Promise<void> {
    if (rule === undefined || system === undefined) return
    if (rule.crash === true) this.#systems.crash(system)
    if (rule.exit !== undefined) this.#systems.end(system, exitOfType(rule.exit))
    if (rule.disconnect === true) this.#handles.disconnect(system)
    if (rule.guest === 'disconnect') system.guest?.disconnect()
    if (rule.afterExit !== true) return
    await new Promise<void>((resolve) => system.afterExit(resolve))
    // Behind the exit event.
    await this.#pause(0)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve))
  }
}
