// Which changes a guest works on, by the pure gate: every state that a change can be in, and what each event does there.

import assert from 'node:assert/strict'
import { MAX_LOOSE_CHANGES, ModifyGate } from '#dist/actors/gcs/resource/modify-gate.js'

const send = (...tickets: number[]) => tickets.map((ticket) => ({ do: 'send', ticket }))

/** Submits so many changes, named op1, op2 and so on; answers the tickets that were sent. */
function submit(gate: ModifyGate, count: number): number[] {
  return Array.from({ length: count }, (_, index) => gate.submit(`op${index + 1}`))
    .flatMap(({ effects }) => effects)
    .map(({ ticket }) => ticket)
}

describe('modify gate', () => {
  it('sends as many as there are places, in call order', () => {
    const gate = new ModifyGate(2)
    assert.deepEqual(submit(gate, 4), [1, 2])
    assert.deepEqual(gate.ended(2), send(3))
    assert.deepEqual(gate.ended(1), send(4))
    assert.deepEqual([gate.ended(3), gate.ended(4), gate.abandoned], [[], [], 0])
  })

  it('without a limit everything is sent', () => {
    assert.equal(submit(new ModifyGate(Infinity), 100).length, 100)
  })

  it('tells behind what a change waits', () => {
    const gate = new ModifyGate(2)
    submit(gate, 4)
    assert.deepEqual(gate.place(3), { behind: 'op1', between: 1 })
    assert.deepEqual(gate.place(4), { behind: 'op1', between: 2 })
    gate.ended(1)
    assert.deepEqual(gate.place(4), { behind: 'op2', between: 1 })
    assert.deepEqual([gate.place(3), gate.place(1), gate.place(9)], [undefined, undefined, undefined])
  })

  it('one that is given up while it waits is gone, and was never sent', () => {
    const gate = new ModifyGate(1)
    submit(gate, 3)
    assert.deepEqual(gate.abandon(2), { wasWaiting: true, effects: [] })
    assert.deepEqual([gate.place(2), gate.abandoned], [undefined, 0])
    assert.deepEqual(gate.ended(1), send(3))
  })

  it('one that is given up after it was sent gives its place to the next', () => {
    const gate = new ModifyGate(2)
    submit(gate, 4)
    assert.deepEqual(gate.abandon(1), { wasWaiting: false, effects: send(3) })
    assert.equal(gate.abandoned, 1)
    // Its end gives no second place.
    assert.deepEqual([gate.ended(1), gate.abandoned], [[], 0])
    assert.deepEqual(gate.ended(2), send(4))
  })

  it('given up or ended twice, or never known: nothing more happens', () => {
    const gate = new ModifyGate(2)
    submit(gate, 5)
    gate.abandon(1)
    assert.deepEqual(gate.abandon(1), { wasWaiting: false, effects: [] })
    gate.ended(1)
    assert.deepEqual([gate.ended(1), gate.ended(77), gate.abandon(1).effects, gate.abandoned], [[], [], [], 0])
  })

  it('with one place, as the reference, it is kept until the end', () => {
    const gate = new ModifyGate(1)
    submit(gate, 2)
    assert.deepEqual(gate.abandon(1), { wasWaiting: false, effects: [] })
    assert.deepEqual([gate.abandoned, gate.place(2)], [1, { behind: 'op1', between: 0 }])
    assert.deepEqual([gate.ended(1), gate.abandoned], [send(2), 0])
  })

  it('beyond the limit those that are given up keep their places, until an earlier one ends', () => {
    const gate = new ModifyGate(2)
    const total = MAX_LOOSE_CHANGES + 3
    submit(gate, total)
    for (let ticket = 1; ticket <= MAX_LOOSE_CHANGES; ticket++) assert.equal(gate.abandon(ticket).effects.length, 1)
    const [held, other, last] = [MAX_LOOSE_CHANGES + 1, MAX_LOOSE_CHANGES + 2, total]
    assert.deepEqual(gate.abandon(held).effects, [])
    assert.deepEqual(gate.abandon(other).effects, [])
    assert.deepEqual([gate.abandoned, gate.place(last)], [MAX_LOOSE_CHANGES + 2, { behind: `op${held}`, between: 1 }])
    // The guest answers one without a place: one that kept its own gives it back.
    assert.deepEqual(gate.ended(5), send(last))
    assert.equal(gate.abandoned, MAX_LOOSE_CHANGES + 1)
  })
})
