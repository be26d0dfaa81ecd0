// What goes to the compute service, and who waits for a slot.

import assert from 'node:assert/strict'
import { AbortError } from '#dist/index.js'
import { NativeCalls, slotPools } from '#dist/actors/native-calls.js'
import { fakeCall } from '../fakes/actor-call.js'
import { FakeProvider } from '../fakes/provider.js'
import { environment } from '../fakes/vm.js'
import { rejectsWith } from '../support/expect.js'

describe('native calls', () => {
  it('who gives up while waiting for a slot waits no longer, and nothing is sent when one comes free', async () => {
    const env = environment(new FakeProvider(), undefined, { operations: 1 })
    const release = await env.operations.acquire('somebody else').granted
    const calls = new NativeCalls(env, 'vm')
    const call = fakeCall()
    const { operation } = slotPools(env, env.boots, 1)
    let isSent = false
    const waiting = calls.run({ op: 'vm.pause', id: 'vm', call, pools: operation }, async () => {
      isSent = true
    })
    call.cancel()
    const error = await rejectsWith(waiting, AbortError)
    assert.match(error.message, /its caller gave up; nothing was sent/)
    release?.()
    await calls.settled()
    assert.equal(isSent, false)
    assert.notEqual(await env.operations.acquire('next').granted, undefined)
  })
})
