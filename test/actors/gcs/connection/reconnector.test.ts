// A lost transport that is followed: what becomes of whoever waits for the guest, and of streams that come too late.

import assert from 'node:assert/strict'
import { PassThrough, type Duplex } from 'node:stream'
import { Reconnector, type Return } from '#dist/actors/gcs/connection/reconnector.js'
import { ManualClock } from '../../../fakes/clock.js'
import { deferred, pending } from '../../../support/expect.js'

describe('the reconnector', () => {
  let clock: ManualClock
  let accepted: ReturnType<typeof deferred<Duplex>>
  let givenUp: [reason: string, cause: unknown][]
  let reconnector: Reconnector

  beforeEach(() => {
    clock = new ManualClock()
    accepted = deferred()
    givenUp = []
    reconnector = new Reconnector({
      bounds: { attempts: 3, withinMs: 1_000 },
      clock,
      accept: () => accepted.promise,
      shake: () => new Promise(() => undefined),
      onStop: () => undefined,
      onRestored: () => undefined,
      onGivenUp: (reason, cause) => givenUp.push([reason, cause]),
    })
  })

  function lose(): Promise<Return> {
    reconnector.lost(() => undefined)
    const { following } = reconnector
    assert(following !== undefined)
    return following
  }

  it('whoever waits for a guest that does not come hears that it is given up', async () => {
    const following = lose()
    clock.advance(999)
    assert.equal(await pending(following), true)
    clock.advance(1)
    assert.deepEqual(await following, { kind: 'given-up' })
    assert.deepEqual(givenUp, [['the guest has not come back within 1000 ms', undefined]])
    assert.equal(clock.timers, 0)
  })

  it('a listener that cannot be opened is given up at once, by that name', async () => {
    const following = lose()
    const why = new Error('no descriptors')
    accepted.reject(why)
    assert.deepEqual(await following, { kind: 'given-up' })
    assert.deepEqual(givenUp, [['the guest could not be listened for', why]])
  })

  it('a stream that comes when nobody is waited for any more is closed', async () => {
    const following = lose()
    reconnector.ended()
    assert.deepEqual(await following, { kind: 'ended' })
    const late = new PassThrough()
    accepted.resolve(late)
    await pending(following)
    assert.equal(late.destroyed, true)
  })
})
