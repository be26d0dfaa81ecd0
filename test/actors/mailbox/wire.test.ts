// A batch of calls that waits for the end of its turn.

import assert from 'node:assert/strict'
import { dropCall, packCall, splitCalls, type CallBatch } from '#dist/actors/mailbox/wire.js'

describe('a batch of calls', () => {
  it('gives up the one that is asked for, wherever it is, and no other', () => {
    const batch: CallBatch = []
    for (const id of [1, 2, 3]) packCall(batch, id, `call ${id}`, id, undefined)
    assert.equal(dropCall(batch, 2), true)
    assert.deepEqual(batch, [1, 'call 1', 1, undefined, 3, 'call 3', 3, undefined])
    assert.equal(dropCall(batch, 2), false)
    assert.equal(dropCall(batch, 3), true)
    assert.deepEqual(
      splitCalls(batch).map(({ id }) => id),
      [1],
    )
  })
})
