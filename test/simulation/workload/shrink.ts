// A failing plan made small: actions are left out as long as something still does not hold.

import type { Action, Plan } from './plan.js'
import { run, type RunResult } from './run.js'

/** Runs that a shrink may take. */
const MOST_RUNS = 400

/** The smallest failing plan that was found, with its run. */
export async function shrink(failing: Plan, most = MOST_RUNS): Promise<{ plan: Plan; result: RunResult }> {
  let plan = failing
  let result = await run(plan)
  let runs = 1
  let size = Math.ceil(plan.actions.length / 2)
  while (size >= 1 && runs < most) {
    let hasShrunk = false
    for (let at = 0; at < plan.actions.length && runs < most;) {
      const actions: readonly Action[] = [...plan.actions.slice(0, at), ...plan.actions.slice(at + size)]
      const smaller = await run({ ...plan, actions })
      runs++
      if (smaller.violation === undefined) at += size
      else {
        plan = { ...plan, actions }
        result = smaller
        hasShrunk = true
      }
    }
    if (!hasShrunk || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return { plan, result }
}
