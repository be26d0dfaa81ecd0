// What a call on a Guest fails with that somebody has closed.

import assert from 'node:assert/strict'
import { BridgeClosedError, GuestConnectionUnavailableError } from '#dist/index.js'
import { closedOnPurpose } from '#dist/actors/gcs/wiring.js'

const SUBJECT = { op: 'guest.dumpStacks', id: 'vm' }

describe('a Guest that was closed on purpose', () => {
  it('cuts calls in flight, and is not there for later ones', () => {
    assert(closedOnPurpose(SUBJECT, 'in-flight') instanceof BridgeClosedError)
    const later = closedOnPurpose(SUBJECT, 'later')
    assert(later instanceof GuestConnectionUnavailableError)
    assert(later.cause instanceof BridgeClosedError)
  })
})
