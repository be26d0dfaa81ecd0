// Slots of one actor's own.

import assert from 'node:assert/strict'
import { LocalSlots } from '#dist/actors/local-slots.js'
import { pending } from '../support/expect.js'

describe('slots of one actor', () => {
  it('no more are held than there are; each that comes back goes to who has waited longest, once', async () => {
    const slots = new LocalSlots(2)
    const first = await slots.acquire().granted
    await slots.acquire().granted
    const [third, fourth] = [slots.acquire().granted, slots.acquire().granted]
    assert.equal(await pending(Promise.race([third, fourth])), true)
    first?.()
    first?.()
    assert.equal(typeof (await third), 'function')
    assert.equal(await pending(fourth), true)
    assert.equal(slots.releases, 1)
    ;(await third)?.()
    assert.equal(typeof (await fourth), 'function')
    ;(await fourth)?.()
    assert.equal(typeof (await slots.acquire().granted), 'function')
  })

  it('who gives up waiting gets none, and is passed over', async () => {
    const slots = new LocalSlots(1)
    const held = await slots.acquire().granted
    const gone = slots.acquire()
    const next = slots.acquire()
    gone.cancel()
    assert.equal(await gone.granted, undefined)
    held?.()
    assert.equal(typeof (await next.granted), 'function')
    gone.cancel()
    assert.equal(await pending(slots.acquire().granted), true)
  })
})
