// Boot slots: one for each VM, from start until its guest is connected.

import assert from 'node:assert/strict'
import { Boots } from '#dist/actors/boots.js'
import type { Slots } from '#dist/actors/environment.js'
import { leaseSlots, SharedSlots, slotMemory } from '#dist/actors/slots.js'
import { fakeGuest, RUNTIME_ID, type FakeGuest } from '../fakes/guest.js'
import { ManualClock } from '../fakes/clock.js'
import { fakeVm } from '../fakes/vm.js'
import { pending } from '../support/expect.js'

describe('boot slots', () => {
  let clock: ManualClock
  let boots: Boots

  beforeEach(() => {
    clock = new ManualClock()
    boots = new Boots(new SharedSlots(leaseSlots(slotMemory(1))), clock)
  })

  const vm = (id: string, exited = () => false): Slots => boots.ofVM(() => (exited() ? undefined : id))

  /** A start that is sent and answers. */
  async function start(slots: Slots): Promise<void> {
    const release = await slots.acquire('vm').granted
    release?.()
  }

  async function isFree(): Promise<boolean> {
    const request = boots.acquire('other')
    const waits = await pending(request.granted)
    request.cancel()
    ;(await request.granted)?.()
    return !waits
  }

  it('without a Guest the slot is free when start has answered', async () => {
    await start(vm('a'))
    assert.equal(await isFree(), true)
  })

  it('with one it is kept until the boot is over', async () => {
    const leave = boots.expect('a')
    await start(vm('a'))
    assert.equal(await isFree(), false)
    boots.end('a')
    assert.equal(await isFree(), true)
    assert.equal(clock.timers, 0)
    leave()
  })

  it('a guest that says nothing holds it for 30 s after start, no longer', async () => {
    boots.expect('a')
    await start(vm('a'))
    clock.advance(29_999)
    assert.equal(await isFree(), false)
    clock.advance(1)
    assert.equal(await isFree(), true)
  })

  it('closing the guest gives it back, and an exit before the answer does not keep it', async () => {
    const leave = boots.expect('a')
    await start(vm('a'))
    leave()
    assert.equal(await isFree(), true)
    boots.expect('b')
    await start(vm('b', () => true))
    assert.equal(await isFree(), true)
    assert.equal(clock.timers, 0)
  })

  it('of two Guests of a VM, one after the other, the going of one leaves the slot to the other', async () => {
    const [first, second] = [boots.expect('a'), boots.expect('a')]
    await start(vm('a'))
    first()
    assert.equal(await isFree(), false)
    second()
    assert.equal(await isFree(), true)
  })

  it('a VM that has a slot takes no second one', async () => {
    boots.expect('a')
    await start(vm('a'))
    await start(vm('a'))
    assert.equal(await isFree(), false)
    boots.end('a')
    assert.equal(await isFree(), true)
  })

  it('guests that are waited for before start take none: three VMs do not deadlock on one slot', async () => {
    const one = await fakeVm({ boots: 1 })
    const guest = await fakeGuest('linux', {}, one.env.boots)
    const connecting = guest.guest.createConnection()
    assert.equal(await pending(connecting), true)
    await one.vm.start()
    const peer = await guest.dial()
    await Promise.all([connecting, peer.shakeHands()])
    await guest.close()
    await one.vm.close()
  })

  for (const [what, end] of [
    ['is connected', async (guest: FakeGuest) => void (await guest.connect())],
    ['is closed before it was', async (guest: FakeGuest) => guest.guest.close()],
  ] as const) {
    it(`the slot of a VM that has started comes back when its Guest ${what}`, async () => {
      const guest = await fakeGuest('linux', {}, boots)
      await start(vm(RUNTIME_ID))
      assert.equal(await isFree(), false)
      await end(guest)
      assert.equal(await isFree(), true)
      await guest.close()
    })
  }
})
