// What may be dropped on its way to the main thread: so many at once, so many behind them, the oldest lost and counted.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MOST_IN_FLIGHT, MOST_TEXT, MOST_WAITING, Outbox } from '#dist/actors/outbox.js'

type Told = [item: number, dropped: number]

describe('an outbox', () => {
  it('tells at once what is under its credit, and the next when one was taken', () => {
    const told: Told[] = []
    const outbox = new Outbox<number>(
      (...each) => told.push(each),
      () => 0,
    )
    for (let item = 0; item < MOST_IN_FLIGHT + 2; item++) outbox.push(item)
    assert.equal(told.length, MOST_IN_FLIGHT)
    outbox.taken()
    assert.deepEqual(told.at(-1), [MOST_IN_FLIGHT, 0])
    assert.equal(told.length, MOST_IN_FLIGHT + 1)
  })

  it('drops the oldest that waits, and says how many before the one that follows them', () => {
    const told: Told[] = []
    const outbox = new Outbox<number>(
      (...each) => told.push(each),
      () => 0,
    )
    const most = MOST_IN_FLIGHT + MOST_WAITING
    for (let item = 0; item < most + 5; item++) outbox.push(item)
    outbox.taken()
    outbox.taken()
    assert.deepEqual(told.slice(-2), [
      [MOST_IN_FLIGHT + 5, 5],
      [MOST_IN_FLIGHT + 6, 0],
    ])
  })

  it('tells everything that waits when something follows that ends it', () => {
    const told: Told[] = []
    const outbox = new Outbox<number>(
      (...each) => told.push(each),
      () => 0,
    )
    for (let item = 0; item < 100; item++) outbox.push(item)
    outbox.flush()
    assert.equal(told.length, MOST_IN_FLIGHT + MOST_WAITING)
    assert.equal(told.at(-1)![0], 99)
  })

  it('credit of an actor that was lost grants nothing to the next', () => {
    let told = 0
    const outbox = new Outbox<number>(
      () => told++,
      () => 0,
    )
    for (let count = 0; count < 5; count++) outbox.taken()
    for (let item = 0; item < 100; item++) outbox.push(item)
    assert.equal(told, MOST_IN_FLIGHT)
  })

  it('large ones are few: on their way and behind those no more text than the bound, however few they are', () => {
    const told: Told[] = []
    const size = MOST_TEXT / 4
    const outbox = new Outbox<number>(
      (...each) => told.push(each),
      () => size,
    )
    for (let item = 0; item < 20; item++) outbox.push(item)
    assert.deepEqual(
      told.map(([item]) => item),
      [0, 1, 2, 3],
    )
    for (let count = 0; count < 4; count++) outbox.taken()
    assert.deepEqual(told.slice(4), [
      [16, 12],
      [17, 0],
      [18, 0],
      [19, 0],
    ])
  })

  it('one that is larger than the bound is told all the same, by itself', () => {
    const told: number[] = []
    const outbox = new Outbox<number>(
      (item) => told.push(item),
      (item) => item,
    )
    outbox.push(1)
    outbox.push(2 * MOST_TEXT)
    assert.deepEqual(told, [1])
    outbox.taken()
    outbox.push(2)
    assert.deepEqual(told, [1, 2 * MOST_TEXT])
    outbox.taken()
    assert.deepEqual(told, [1, 2 * MOST_TEXT, 2])
  })

  it('whatever is pushed and taken: in order, within its bounds, and what is told and dropped is all there was', () => {
    const steps = fc.array(fc.constantFrom('push', 'push', 'take'), { maxLength: 600 })
    fc.assert(
      fc.property(steps, (all) => {
        const told: Told[] = []
        const outbox = new Outbox<number>(
          (...each) => told.push(each),
          () => 0,
        )
        let pushed = 0
        let taken = 0
        for (const step of all) {
          if (step === 'push') outbox.push(pushed++)
          else {
            taken = Math.min(taken + 1, told.length)
            outbox.taken()
          }
          assert(told.length - taken <= MOST_IN_FLIGHT)
        }
        while (taken < told.length) {
          taken++
          outbox.taken()
        }
        const lost = told.reduce((sum, [, dropped]) => sum + dropped, 0)
        assert.equal(told.length + lost, pushed)
        let before = -1
        for (const [item, dropped] of told) {
          assert.equal(item, before + 1 + dropped)
          before = item
        }
      }),
    )
  })
})
