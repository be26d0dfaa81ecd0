// Attempts to connect: one at a time, shared, and given up with its last caller.

import assert from 'node:assert/strict'
import { AbortError } from '#dist/index.js'
import { Attempts } from '#dist/actors/gcs/connection/attempts.js'
import type { NegotiatedGuest } from '#dist/actors/gcs/contract.js'
import { fakeCall } from '../../../fakes/actor-call.js'
import { ManualClock } from '../../../fakes/clock.js'
import { deferred, pending, rejectsWith } from '../../../support/expect.js'

const GUEST = { guestOS: 'linux' } as NegotiatedGuest

describe('attempts to connect', () => {
  it('one that is being given up is waited for, and joined by nobody', async () => {
    const attempts = new Attempts('vm', new ManualClock(), (_op, error) => error as Error)
    const first = deferred<NegotiatedGuest>()
    const call = fakeCall()
    const joined = rejectsWith(
      attempts.join('guest.createConnection', call, () => first.promise),
      AbortError,
    )
    call.cancel()
    await joined
    const settled = attempts.settleAborted()
    assert.equal(await pending(settled), true, 'what it began has not come to its end')
    first.reject(new Error('given up'))
    await settled
    assert.equal(await attempts.join('guest.createConnection', fakeCall(), () => Promise.resolve(GUEST)), GUEST)
  })
})
