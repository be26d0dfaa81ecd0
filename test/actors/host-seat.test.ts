// Where the actors of a VM go when their thread is lost.

import assert from 'node:assert/strict'
import type { Threads } from '#dist/actors/host-environment.js'
import { Seat } from '#dist/actors/host-seat.js'
import type { ActorThread } from '#dist/actors/threads/threads.js'
import { ManualClock } from '../fakes/clock.js'
import { deferred, pending } from '../support/expect.js'

interface Fake {
  readonly thread: ActorThread
  readonly lose: () => void
  readonly exit: () => void
}

function fakeThread(id: number): Fake {
  const [lost, exited] = [deferred(), deferred()]
  const thread = { id, lost: lost.promise, exited: exited.promise } as unknown as ActorThread
  return { thread, lose: lost.resolve, exit: exited.resolve }
}

describe('the seat of a VM', () => {
  let clock: ManualClock
  let first: Fake
  let second: Fake
  let tidied: number
  let seat: Seat

  beforeEach(() => {
    clock = new ManualClock()
    first = fakeThread(1)
    second = fakeThread(2)
    tidied = 0
    const threads = { leastLoaded: () => second.thread, place: async () => second.thread } as unknown as Threads
    seat = new Seat(threads, first.thread, clock, async () => void tidied++)
  })

  it('actors move only once nothing of the lost thread runs any more and its leavings are gone', async () => {
    const moving = seat.leave(first.thread, ({ id }) => id)
    first.lose()
    assert.equal(await pending(moving), true)
    assert.equal(tidied, 0)
    first.exit()
    assert.equal(await moving, 2)
    assert.deepEqual([tidied, seat.thread.id, clock.timers], [1, 2, 0])
  })

  it('siblings move together, to one thread, and what was left is cleared away once', async () => {
    const both = [seat.leave(first.thread, ({ id }) => id), seat.leave(first.thread, ({ id }) => id)]
    first.lose()
    first.exit()
    assert.deepEqual(await Promise.all(both), [2, 2])
    assert.equal(tidied, 1)
  })

  it('an actor whose mailbox broke on a living thread starts there again, when its loss could have been known', async () => {
    const staying = seat.leave(first.thread, ({ id }) => id)
    clock.advance(999)
    assert.equal(await pending(staying), true)
    clock.advance(1)
    assert.equal(await staying, 1)
    assert.equal(tidied, 0)
  })
})
