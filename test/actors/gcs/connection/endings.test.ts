// Why there is no guest connection: what calls are told, and which of several reasons counts.

import assert from 'node:assert/strict'
import { AbortError, BridgeClosedError, OperationTimeoutError } from '#dist/index.js'
import { Endings } from '#dist/actors/gcs/connection/endings.js'

const SIGNAL = new AbortController().signal

describe('a guest without a connection', () => {
  it('has not connected yet, or its VM has exited, or its last connection ended: each is said', () => {
    const endings = new Endings('vm')
    assert.match(endings.unavailable('guest.x').message, /the guest has not connected yet/)
    endings.gone = new Error('the VM has exited (ForcedExit)')
    assert.match(endings.unavailable('guest.x').message, /the VM has exited \(ForcedExit\)/)
    endings.endedBy(new BridgeClosedError({ reason: 'the guest ended the stream' }))
    assert.match(endings.unavailable('guest.x').message, /the guest ended the stream/)
  })

  it('of several reasons the deadline counts for more than the exit, the exit for more than what failed', () => {
    const endings = new Endings('vm')
    const failure = new Error('EPIPE')
    assert.match(endings.failure('guest.x', failure, SIGNAL).message, /EPIPE/)
    endings.gone = new Error('the VM has exited')
    assert.match(endings.failure('guest.x', failure, SIGNAL).message, /the VM has exited/)
    const late = new OperationTimeoutError({ timeoutMs: 5 })
    assert.equal(endings.failure('guest.x', failure, AbortSignal.abort(late)), late)
    const given = new AbortError({})
    assert.equal(endings.failure('guest.x', failure, AbortSignal.abort(given)), given)
  })
})
