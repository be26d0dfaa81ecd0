// How often something may be started again, and when a thread counts as stuck: the pure cores.

import assert from 'node:assert/strict'
import { RestartCount } from '#dist/actors/supervision/intensity.js'
import { answered, IDLE, look, lookEveryMs, type Pulse } from '#dist/actors/threads/heartbeat.js'

describe('restarts', () => {
  it('are as many as allowed within the period, whenever it begins', () => {
    const count = new RestartCount({ restarts: 3, periodMs: 1_000 })
    assert.deepEqual(
      [0, 400, 800, 999].map((at) => count.take(at)),
      [true, true, true, false],
    )
    assert.equal(count.within(999), 3)
    assert.equal(count.take(1_000), true, 'the first is a whole period ago')
    assert.equal(count.take(1_399), false)
    assert.equal(count.take(1_400), true)
    assert.equal(count.within(10_000), 0)
  })

  it('one that was refused does not count', () => {
    const count = new RestartCount({ restarts: 1, periodMs: 10 })
    assert.equal(count.take(0), true)
    for (let at = 1; at < 10; at++) assert.equal(count.take(at), false)
    assert.equal(count.take(10), true)
  })
})

describe('the heartbeat of a thread', () => {
  const stuckAfterMs = 1_000
  const everyMs = lookEveryMs(stuckAfterMs)

  /** Looks as often as given, each `lateMs` late; the pulse and what was to be done. */
  function looks(count: number, { isBusy = true, lateMs = 0 } = {}): { pulse: Pulse; effects: string[] } {
    let pulse: Pulse = IDLE
    let nowMs = 0
    const effects: string[] = []
    for (let n = 0; n < count; n++) {
      const dueMs = nowMs + everyMs
      nowMs = dueMs + lateMs
      const step = look(pulse, { nowMs, dueMs, isBusy, stuckAfterMs })
      pulse = step.pulse
      effects.push(step.effect)
    }
    return { pulse, effects }
  }

  it('nobody asks while nothing is with it', () => {
    assert.deepEqual(looks(1, { isBusy: false }), { pulse: IDLE, effects: ['rest'] })
  })

  it('one that does not answer for so long is stuck, and that is told once', () => {
    const { pulse, effects } = looks(7)
    assert.deepEqual(effects, ['ask', 'none', 'none', 'none', 'tell-stuck', 'none', 'none'])
    assert.deepEqual(pulse, { kind: 'stuck', sinceMs: everyMs })
  })

  it('how late the main thread was is no fault of the other', () => {
    const { effects } = looks(5, { lateMs: 10_000 })
    assert.deepEqual(effects, ['ask', 'none', 'none', 'none', 'tell-stuck'])
    assert.equal(looks(4, { lateMs: 10_000 }).pulse.kind, 'asked')
  })

  it('one that has answered is asked again while calls are with it', () => {
    const step = look(answered(), { nowMs: 5, dueMs: 5, isBusy: true, stuckAfterMs })
    assert.equal(step.effect, 'ask')
    assert.equal(look(answered(), { nowMs: 5, dueMs: 5, isBusy: false, stuckAfterMs }).effect, 'rest')
  })
})
