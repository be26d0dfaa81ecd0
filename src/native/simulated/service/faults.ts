// Latency and faults: what happens to the n-th call of a kind on a VM, by the options and the seed, whatever the other VMs do.

import { chance } from '../seeded.js'
import type { FaultRule, HcsOp, ServiceOptions } from '../options.js'

/** What was decided for one call. */
export interface CallPlan {
  delayMs: number
  /** The first rule that matches. */
  rule: FaultRule | undefined
}

export class CallPlanner {
  readonly #latency: NonNullable<ServiceOptions['latency']>
  readonly #faults: readonly FaultRule[]
  readonly #seed: number
  /** Calls so far, by VM and operation, and calls a rule is about, by VM and rule. They outlive the VM: its successor is the same VM. */
  readonly #counts = new Map<string, number>()

  constructor(options: Pick<ServiceOptions, 'latency' | 'faults'>, seed: number) {
    this.#latency = options.latency ?? {}
    this.#faults = options.faults ?? []
    this.#seed = seed
  }

  plan(op: HcsOp, id: string, path?: string): CallPlan {
    const latency = this.#latency[op] ?? 0
    const rules = [...this.#faults.entries()].filter(([, rule]) => isAbout(rule, op, id, path))
    // Nothing is remembered of calls that nothing depends on.
    if (rules.length === 0 && typeof latency === 'number') return { delayMs: latency, rule: undefined }
    const call = this.#count(`${op}\0${id}`)
    // Every rule counts every call that it is about, whichever rule acts.
    const acting = rules.filter(([index, { nth, probability }]) => {
      const matched = this.#count(`rule ${index}\0${id}`)
      if (nth !== undefined && nth !== matched) return false
      return probability === undefined || chance(this.#seed, 'fault', index, id, op, call) < probability
    })
    const rule = acting[0]?.[1]
    const [low, high] = typeof latency === 'number' ? [latency, latency] : latency
    const delayMs = low === high ? low : low + (high - low) * chance(this.#seed, 'latency', id, op, call)
    return { delayMs: delayMs + (rule?.delayMs ?? 0), rule }
  }

  #count(key: string): number {
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count
  }
}

function isAbout(rule: FaultRule, op: HcsOp, id: string, path: string | undefined): boolean {
  return rule.op === op && (rule.id ?? id) === id && (rule.path === undefined || rule.path === path)
}
