// Waiting without a time of one's own: in a queue that moves for ever, in one that stands still for as long as a call may take.

import assert from 'node:assert/strict'
import { watchStandstill } from '#dist/actors/standstill.js'
import { ManualClock } from '../fakes/clock.js'

const LAST_MS = 240_000

describe('a queue that is waited in', () => {
  let clock: ManualClock
  let moves: number
  let stills: number
  let end: () => void

  beforeEach(() => {
    clock = new ManualClock()
    moves = stills = 0
    end = watchStandstill(
      clock,
      () => moves,
      () => stills++,
    )
  })

  it('stands still when nothing has moved for 4 minutes, and that is told once', () => {
    clock.advance(LAST_MS - 1)
    assert.equal(stills, 0)
    clock.advance(1)
    assert.equal(stills, 1)
    clock.advance(10 * LAST_MS)
    assert.equal(stills, 1)
    assert.equal(clock.timers, 0)
  })

  it('moves when anything has, however seldom', () => {
    for (let n = 0; n < 100; n++) {
      moves++
      clock.advance(LAST_MS)
    }
    assert.equal(stills, 0)
    clock.advance(LAST_MS)
    assert.equal(stills, 1)
  })

  it('does not count as standing still behind what may take as long as it likes', () => {
    let isOpenEnded = true
    end()
    end = watchStandstill(
      clock,
      () => (isOpenEnded ? undefined : moves),
      () => stills++,
    )
    clock.advance(10 * LAST_MS)
    assert.equal(stills, 0)
    isOpenEnded = false
    clock.advance(LAST_MS)
    assert.equal(stills, 0)
    clock.advance(LAST_MS)
    assert.equal(stills, 1)
  })

  it('is watched no longer than asked for', () => {
    end()
    assert.equal(clock.timers, 0)
  })
})
