// The order of one VM's changes, without anything that performs it.

import assert from 'node:assert/strict'
import { InvalidStateError } from '#dist/index.js'
import { ChangeQueue } from '#dist/actors/vm/queue.js'

describe('the queue of changes', () => {
  it('a change that ends a second time does not give up the turn of the one that runs', () => {
    const queue = new ChangeQueue(8)
    const first = queue.submit('first')
    const second = queue.submit('second')
    assert.deepEqual(first.effects, [{ do: 'send', ticket: first.ticket }])
    assert.deepEqual(queue.ended(first.ticket), [{ do: 'send', ticket: second.ticket }])
    assert.deepEqual(queue.ended(first.ticket), [])
    assert.deepEqual(queue.submit('third').effects, [], 'the second still has the turn')
  })

  it('a close is for good: neither a terminate that follows nor its end lets changes in', () => {
    const queue = new ChangeQueue(8)
    queue.raise('closed')
    queue.raise('terminating')
    assert.equal(queue.barrier, 'closed')
    queue.lift()
    assert.throws(() => queue.submit(), InvalidStateError)
  })

  it('a terminate that is over lets changes in again', () => {
    const queue = new ChangeQueue(8)
    queue.raise('terminating')
    assert.throws(() => queue.submit(), InvalidStateError)
    queue.lift()
    assert.equal(queue.submit().effects.length, 1)
  })
})
