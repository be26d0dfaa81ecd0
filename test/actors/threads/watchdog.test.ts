// The watchdog of one thread, on a clock that stands still.

import assert from 'node:assert/strict'
import { Watchdog } from '#dist/actors/threads/watchdog.js'
import { ManualClock } from '../../fakes/clock.js'
import { deferred } from '../../support/expect.js'

const STUCK_MS = 1000

function watch(): { clock: ManualClock; told: string[]; watchdog: Watchdog; answer: () => void } {
  const clock = new ManualClock()
  const told: string[] = []
  const { promise, resolve } = deferred()
  const watchdog = new Watchdog({
    clock,
    stuckAfterMs: STUCK_MS,
    isBusy: () => true,
    ask: () => promise,
    onStuck: () => told.push('stuck'),
    onBack: () => told.push('back'),
  })
  return { clock, told, watchdog, answer: resolve }
}

/** In steps: what it is late by itself the watchdog forgives. */
function pass(clock: ManualClock, ms: number): void {
  for (let gone = 0; gone < ms; gone += 10) clock.advance(10)
}

describe('a watchdog', () => {
  it('tells once that its thread is stuck, and that it is back', async () => {
    const { clock, told, watchdog, answer } = watch()
    watchdog.wake()
    pass(clock, 3 * STUCK_MS)
    assert.deepEqual(told, ['stuck'])
    assert.notEqual(watchdog.stuckSinceMs, undefined)
    answer()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(told, ['stuck', 'back'])
    assert.equal(watchdog.stuckSinceMs, undefined)
    watchdog.end()
    assert.equal(clock.timers, 0)
  })

  it('says nothing once it has ended, whatever its thread does', async () => {
    const { clock, told, watchdog, answer } = watch()
    watchdog.wake()
    pass(clock, STUCK_MS / 2)
    watchdog.end()
    assert.equal(clock.timers, 0)
    watchdog.wake()
    assert.equal(clock.timers, 0)
    pass(clock, 3 * STUCK_MS)
    answer()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(told, [])
  })
})
