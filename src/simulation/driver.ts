// Lets virtual time go on while something is awaited. Between two things that happen, everything that follows from the first in promises
// and streams has run: the event loop sees to that.

import { SimulationStuckError } from '../errors.js'
import type { Scheduler } from './scheduler.js'

/** Turns of the event loop asked for at once: each is one step, and none waits for the next round of the loop. */
const AHEAD = 8

/** Turns without anything to do after which nothing will come any more. */
const IDLE_TURNS = 3 * AHEAD

/** Steps without time going on after which they will go on for ever. */
const MOST_STEPS_AT_ONCE = 1_000_000

export interface Drive {
  /** Virtual milliseconds. */
  readonly limitMs: number
  /** Calls without an answer, for the error. */
  readonly waiting: () => string[]
  /** Between two steps. */
  readonly onStep: () => void
}

/** @throws {SimulationStuckError} it never settles @throws what the work does, or what a listener of the program threw */
export function drive<T>(scheduler: Scheduler, work: () => Promise<T> | T, options: Drive): Promise<T> {
  const { limitMs, waiting, onStep } = options
  const endMs = scheduler.nowMs + limitMs
  return new Promise((resolve, reject) => {
    let isOver = false
    let idle = 0
    let atOnce = { ms: scheduler.nowMs, count: scheduler.count }
    const finish = (settle: () => void): void => {
      if (isOver) return
      isOver = true
      settle()
    }
    const stuck = (reason: string): void => {
      finish(() => reject(new SimulationStuckError({ op: 'simulation.run', reason, waiting: waiting() })))
    }
    const turn = (): void => {
      if (isOver) return
      try {
        onStep()
        if (scheduler.step()) idle = 0
        else if (++idle > IDLE_TURNS) stuck('nothing is left that could happen, and the work has not ended')
      } catch (error) {
        finish(() => reject(error as Error))
      }
      const { nowMs, count } = scheduler
      if (nowMs > endMs) stuck(`the work has not ended after ${limitMs} virtual milliseconds`)
      if (nowMs !== atOnce.ms) atOnce = { ms: nowMs, count }
      else if (count - atOnce.count > MOST_STEPS_AT_ONCE) stuck('so much happens at once that time does not go on')
      setImmediate(turn)
    }
    void (async () => work())().then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error as Error)),
    )
    for (let ahead = 0; ahead < AHEAD; ahead++) setImmediate(turn)
  })
}
