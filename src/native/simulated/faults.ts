// Latency and faults: what happens to the n-th call of a kind on a VM, by the options and the seed.

import { chance } from './seeded.js'
import type { FaultRule, HcsOp, SimulatedOptions } from './options.js'

/** What was decided for one call. */
export interface CallPlan {
  delayMs: number
  rule: FaultRule | undefined
}

export class CallPlanner {
  readonly #options: Pick<SimulatedOptions, 'latency' | 'faults'>
  readonly #seed: number
  /** Calls so far, by VM and operation; matches so far, by VM and rule. */
  readonly #counts = new Map<string, number>()

  constructor(options: Pick<SimulatedOptions, 'latency' | 'faults'>, seed: number) {
    this.#options = options
    this.#seed = seed
  }

  plan(op: HcsOp, id: string, path?: string): CallPlan {
    const call = this.#count(`${op}\0${id}`)
    const rule = this.#options.faults?.find((candidate, index) => this.#matches(candidate, index, op, id, path, call))
    return { delayMs: this.#latency(op, id, call) + (rule?.delayMs ?? 0), rule }
  }

  #count(key: string): number {
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count
  }

  #matches(rule: FaultRule, index: number, op: HcsOp, id: string, path: string | undefined, call: number): boolean {
    if (rule.op !== op || (rule.id !== undefined && rule.id !== id)) return false
    if (rule.path !== undefined && rule.path !== path) return false
    if (rule.nth !== undefined && this.#count(`rule ${index}\0${id}`) !== rule.nth) return false
    return rule.probability === undefined || chance(this.#seed, 'fault', index, id, op, call) < rule.probability
  }

  #latency(op: HcsOp, id: string, call: number): number {
    const latency = this.#options.latency?.[op]
    if (latency === undefined) return 0
    if (typeof latency === 'number') return latency
    const [low, high] = latency
    return low + (high - low) * chance(this.#seed, 'latency', id, op, call)
  }
}
