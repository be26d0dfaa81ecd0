// The deadlines of a connection's requests: always the first that is not over, whatever was added and answered; and no more kept than that
// needs.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Deadlines } from '#dist/actors/gcs/connection/deadlines.js'

interface Entry {
  deadlineMs: number
  isOver: boolean
}

describe('deadlines', () => {
  it('the first is the earliest that is not over', () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.record({ add: fc.nat(50) }) },
      { weight: 2, arbitrary: fc.record({ over: fc.nat(200) }) },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300, size: 'max' }), (actions) => {
        const deadlines = new Deadlines<Entry>()
        const entries: Entry[] = []
        const living = (): Entry[] => entries.filter(({ isOver }) => !isOver)
        for (const one of actions) {
          if ('add' in one) {
            const entry = { deadlineMs: one.add, isOver: false }
            entries.push(entry)
            deadlines.add(entry, living().length)
          } else if (entries.length > 0) entries[one.over % entries.length]!.isOver = true
          const first = deadlines.first()
          assert.equal(first?.isOver ?? false, false)
          assert.equal(
            first?.deadlineMs ?? Infinity,
            Math.min(...living().map(({ deadlineMs }) => deadlineMs), Infinity),
          )
        }
      }),
    )
  })

  it('what is answered does not pile up', () => {
    const deadlines = new Deadlines<Entry>()
    const under: Entry[] = []
    for (let count = 0; count < 10_000; count++) {
      const entry = { deadlineMs: 1000 + count, isOver: false }
      under.push(entry)
      deadlines.add(entry, under.length)
      if (under.length > 16) under.shift()!.isOver = true
      assert(deadlines.size < 200, `${deadlines.size} are kept of 16`)
    }
  })
})
