// Latency and faults: what happens to the n-th call of a kind on a VM, by the options and the seed, whatever the other VMs do.

import { chance } from '../seeded.js'
import type { FaultRule, HcsOp, ServiceOptions } from '../options.js'

/** What was decided for one call. */
export interface CallPlan {
  delayMs: number
  /** The first rule that matches. */
  rule: FaultRule | undefined
}

/** VMs that are remembered at most, beyond those that live. */
const MOST_REMEMBERED = 1024
/** Of the oldest ones, how many a call looks at: those that live go to the end. */
const LOOKS = 4

export class CallPlanner {
  readonly #latency: NonNullable<ServiceOptions['latency']>
  readonly #faults: readonly FaultRule[]
  readonly #seed: number
  /**
   * By VM, the one that was asked about last at the end: calls so far, by operation, and calls a rule is about, by rule. They outlive the
   * VM, for its successor is the same VM; of many that are gone the oldest are forgotten.
   */
  readonly #counts = new Map<string, Map<string, number>>()
  readonly #isLiving: (id: string) => boolean

  constructor(
    options: Pick<ServiceOptions, 'latency' | 'faults'>,
    seed: number,
    isLiving: (id: string) => boolean = () => true,
  ) {
    this.#isLiving = isLiving
    this.#latency = options.latency ?? {}
    this.#faults = options.faults ?? []
    this.#seed = seed
  }

  plan(op: HcsOp, id: string, path?: string): CallPlan {
    const latency = this.#latency[op] ?? 0
    const rules = [...this.#faults.entries()].filter(([, rule]) => isAbout(rule, op, id, path))
    // Nothing is remembered of calls that nothing depends on.
    if (rules.length === 0 && typeof latency === 'number') return { delayMs: latency, rule: undefined }
    const counts = this.#countsOf(id)
    const call = count(counts, op)
    // Every rule counts every call that it is about, whichever rule acts.
    const acting = rules.filter(([index, { nth, probability }]) => {
      const matched = count(counts, `rule ${index}`)
      if (nth !== undefined && nth !== matched) return false
      return probability === undefined || chance(this.#seed, 'fault', index, id, op, call) < probability
    })
    const rule = acting[0]?.[1]
    const [low, high] = typeof latency === 'number' ? [latency, latency] : latency
    const delayMs = low === high ? low : low + (high - low) * chance(this.#seed, 'latency', id, op, call)
    return { delayMs: delayMs + (rule?.delayMs ?? 0), rule }
  }

  #countsOf(id: string): Map<string, number> {
    const counts = this.#counts.get(id) ?? new Map<string, number>()
    this.#counts.delete(id)
    this.#counts.set(id, counts)
    if (this.#counts.size > MOST_REMEMBERED) this.#forget()
    return counts
  }

  #forget(): void {
    const eldest = this.#counts.keys()
    for (let looks = 0; looks < LOOKS; looks++) {
      const { value: id } = eldest.next()
      if (id === undefined) return
      const counts = this.#counts.get(id)!
      this.#counts.delete(id)
      if (this.#isLiving(id)) this.#counts.set(id, counts)
    }
  }
}

function count(counts: Map<string, number>, key: string): number {
  const next = (counts.get(key) ?? 0) + 1
  counts.set(key, next)
  return next
}

function isAbout(rule: FaultRule, op: HcsOp, id: string, path: string | undefined): boolean {
  return rule.op === op && (rule.id ?? id) === id && (rule.path === undefined || rule.path === path)
}
