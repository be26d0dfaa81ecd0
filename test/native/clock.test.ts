// The system's clock: what timers of Node.js do not do by themselves.

import assert from 'node:assert/strict'
import { systemClock, turn } from '#dist/native/clock.js'

describe('the system’s clock', () => {
  for (const delayMs of [2 ** 31, 2 ** 32 + 1, Number.MAX_VALUE, Infinity]) {
    it(`a delay of ${delayMs} ms is not over at once`, async () => {
      let rang = false
      const timer = systemClock.after(delayMs, () => (rang = true))
      // A timer of Node.js would have gone off by then: it takes 1 ms for such a delay.
      await new Promise((resolve) => setTimeout(resolve, 20))
      assert(!rang)
      timer.clear()
    })
  }

  it('a turn lets everything run that is ready', async () => {
    const order: string[] = []
    void Promise.resolve().then(() => order.push('microtask'))
    systemClock.immediate(() => order.push('immediate'))
    await turn(systemClock)
    assert.deepEqual(order, ['microtask', 'immediate'])
  })
})
