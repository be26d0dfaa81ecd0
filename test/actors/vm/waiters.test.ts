// Who waits for the end of a VM.

import assert from 'node:assert/strict'
import { OperationTimeoutError } from '#dist/index.js'
import { TerminateCallers } from '#dist/actors/vm/waiters.js'
import { fakeCall } from '../../fakes/actor-call.js'
import { ManualClock } from '../../fakes/clock.js'
import { rejectsWith } from '../../support/expect.js'

const SUBJECT = { op: 'vm.terminate', id: 'vm' }

describe('callers of a termination', () => {
  it('one whose time is over is none of them any more; the others are settled', async () => {
    const clock = new ManualClock()
    const callers = new TerminateCallers(clock)
    const late = callers.join(fakeCall(50), SUBJECT, () => true)
    const patient = callers.join(fakeCall(), SUBJECT, () => true)
    assert.equal(callers.size, 2)
    clock.advance(50)
    await rejectsWith(late, OperationTimeoutError)
    assert.equal(callers.size, 1)
    callers.settle(undefined)
    await patient
    assert.deepEqual([callers.size, clock.timers], [0, 0])
  })
})
