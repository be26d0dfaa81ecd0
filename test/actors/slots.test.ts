// Slots shared by threads: bounded, fair between owners, and given back for a thread that died.

import assert from 'node:assert/strict'
import { leaseSlots, reclaimSlots, SharedSlots, slotMemory } from '#dist/actors/slots.js'
import { pending } from '../support/expect.js'

describe('slots', () => {
  it('no more are held than there are, and each that comes back is given on', async () => {
    const slots = new SharedSlots(leaseSlots(slotMemory(2)))
    const first = await slots.acquire('a').granted
    await slots.acquire('b').granted
    const third = slots.acquire('c').granted
    assert.equal(await pending(third), true)
    first?.()
    first?.()
    assert.equal(typeof (await third), 'function')
    assert.equal(await pending(slots.acquire('d').granted), true, 'a second release of one slot gives nothing back')
  })

  it('owners that wait take turns', async () => {
    const slots = new SharedSlots(leaseSlots(slotMemory(1)))
    const held = await slots.acquire('first').granted
    const order: string[] = []
    const waiting = ['many', 'many', 'many', 'one', 'other'].map(async (owner) => {
      const release = await slots.acquire(owner).granted
      order.push(owner)
      release?.()
    })
    held?.()
    await Promise.all(waiting)
    assert.deepEqual(order, ['many', 'one', 'other', 'many', 'many'])
  })

  it('what a lost thread held is given back, once, to whoever waits on another', async () => {
    const memory = slotMemory(3)
    const lost = leaseSlots(memory)
    const dying = new SharedSlots(lost)
    const living = new SharedSlots(leaseSlots(memory))
    const released = await dying.acquire('a').granted
    released?.()
    for (const owner of ['b', 'c', 'd']) await dying.acquire(owner).granted
    const waiting = [living.acquire('e').granted, living.acquire('f').granted]
    assert.equal(await pending(Promise.all(waiting)), true)
    reclaimSlots(lost)
    reclaimSlots(lost)
    const [one, two] = await Promise.all(waiting)
    assert.equal(typeof one, 'function')
    assert.equal(typeof two, 'function')
    await living.acquire('g').granted
    assert.equal(await pending(living.acquire('h').granted), true)
  })

  it('without a limit everybody has one', async () => {
    const slots = new SharedSlots(leaseSlots(slotMemory(Infinity)))
    for (let n = 0; n < 10_000; n++) await slots.acquire('a').granted
    reclaimSlots(undefined)
  })
})
