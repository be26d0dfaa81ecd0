// Turns of a VM's changes: who waits, who gave up, and what is told of them.

import assert from 'node:assert/strict'
import { OverloadedError } from '#dist/index.js'
import { Turns } from '#dist/actors/vm/turns.js'
import { fakeCall } from '../../fakes/actor-call.js'
import { ManualClock } from '../../fakes/clock.js'
import { pending, rejectsWith } from '../../support/expect.js'

const open = (limit = 8): Turns =>
  new Turns('vm', limit, {
    clock: new ManualClock(),
    gauges: { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 },
  })

describe('turns', () => {
  it('who gives up while waiting has no turn, and keeps nobody behind from his', async () => {
    const turns = open()
    const first = await turns.take('vm.first', fakeCall())
    const call = fakeCall()
    const [second, third] = [turns.take('vm.second', call), turns.take('vm.third', fakeCall())]
    call.cancel()
    assert.equal(await second, undefined)
    assert.equal(await pending(third), true)
    first?.end()
    assert.notEqual(await third, undefined)
  })

  it('one that waits says behind what; one that has its turn no longer does', async () => {
    const turns = open()
    const first = await turns.take('vm.first', fakeCall())
    const call = fakeCall(1_000)
    const second = turns.take('vm.second', call)
    assert.deepEqual(call.standing?.(), { sent: false, reason: 'it waited behind vm.first' })
    first?.end()
    await second
    assert.equal(call.standing, undefined)
  })

  it('what a full queue refuses is named, with its VM', async () => {
    const turns = open(0)
    await turns.take('vm.first', fakeCall())
    const error = await rejectsWith(turns.take('vm.second', fakeCall()), OverloadedError)
    assert.deepEqual([error.op, error.id, error.limit], ['vm.second', 'vm', 0])
  })
})
