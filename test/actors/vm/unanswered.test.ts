// A compute service that never answers: what it holds up is the VM it does not answer for, and nobody waits for ever.

import assert from 'node:assert/strict'
import { OperationTimeoutError } from '#dist/index.js'
import { FakeProvider, holding, PROPERTIES } from '../../fakes/provider.js'
import { useFakeVms } from '../../fakes/vm.js'
import { pending, rejectsWith } from '../../support/expect.js'

const LAST_MS = 240_000

describe('a call that HCS never answers', () => {
  const make = useFakeVms()

  it('does not keep the slot of whoever waits for one, once its caller has given up', async () => {
    for (const how of ['default', 'timeout', 'abort'] as const) {
      const { vm, clock, env, provider } = await make({ provider: new FakeProvider(holding('modify')), operations: 1 })
      const abort = new AbortController()
      const options = how === 'default' ? {} : how === 'timeout' ? { timeoutMs: 50 } : { signal: abort.signal }
      const stuck = vm.addPipe('a', options)
      stuck.catch(() => undefined)
      await provider.next('modify')
      const other = env.operations.acquire('another VM').granted
      assert.equal(await pending(other), true)
      if (how === 'abort') abort.abort()
      else clock.advance(how === 'default' ? LAST_MS : 50)
      await assert.rejects(stuck)
      const release = await other
      assert.equal(env.gauges.abandoned, 1)
      // The answer comes after all: the slot is another's, and is not given back a second time.
      provider.calls[0]!.resolve()
      assert.equal(await pending(env.operations.acquire('a third VM').granted), true)
      assert.equal(env.gauges.abandoned, 0)
      release?.()
    }
  })

  it('ends the waiting of the changes behind it, after as long as a call may take; they are never sent', async () => {
    const { vm, clock, provider, env } = await make({ provider: new FakeProvider(holding('modify')) })
    const stuck = vm.addPipe('a', { timeoutMs: Infinity })
    await provider.next('modify')
    const behind = vm.pause()
    const patient = vm.resume({ timeoutMs: Infinity })
    assert.equal(await pending(behind), true)
    clock.advance(LAST_MS - 1)
    assert.equal(await pending(behind), true)
    clock.advance(1)
    const error = await rejectsWith(behind, OperationTimeoutError)
    assert.equal(error.sent, false)
    assert.equal(
      error.message,
      'vm.pause "fake": no answer within 240000 ms (it waited behind vm.addPipe, and nothing before it has ended); nothing was sent',
    )
    assert.equal(env.gauges.queued, 1)
    assert.equal(await pending(Promise.race([stuck, patient])), true)
    provider.calls[0]!.resolve()
    await Promise.all([stuck, patient])
    assert.deepEqual(provider.names(), ['modify', 'resume'])
  })

  it('changes behind others that end, however slowly, wait as long as it takes', async () => {
    const { vm, clock, provider } = await make({ provider: new FakeProvider(holding('modify')) })
    const changes = Array.from({ length: 4 }, (_, n) => vm.addPipe(`${n}`, { timeoutMs: Infinity }))
    await provider.next('modify')
    const last = vm.pause()
    for (const change of changes) {
      assert.equal(await pending(last), true)
      clock.advance(LAST_MS - 1)
      provider.calls.at(-1)!.resolve()
      await change
    }
    await last
  })

  it('four reads of a VM are with HCS at once; they and what waits behind them hold up nobody else', async () => {
    const { vm, clock, provider, env } = await make({ operations: 1 })
    provider.script = holding('properties')
    const reads = Array.from({ length: 5 }, () => vm.propertiesV2([], { timeoutMs: Infinity }))
    const late = vm.propertiesV2([], { timeoutMs: 50 })
    late.catch(() => undefined)
    assert.equal(await pending(late), true)
    assert.deepEqual(provider.names(), Array<string>(4).fill('properties'))
    // Changes need slots, and there they are.
    ;(await env.operations.acquire('another VM').granted)?.()
    await vm.addPipe('a')
    clock.advance(50)
    const error = await rejectsWith(late, OperationTimeoutError)
    assert.match(error.message, /it waited for a slot: 4 reads before it have no answer\); nothing was sent$/)
    for (const call of provider.calls) call.resolve(PROPERTIES)
    assert.equal(await pending(Promise.all(reads)), true)
    provider.calls.at(-1)!.resolve(PROPERTIES)
    await Promise.all(reads)
  })

  it('a termination that was given up gives its slot back, however often it is asked again', async () => {
    const { vm, clock, provider, env } = await make({ provider: new FakeProvider(holding('terminate')), operations: 1 })
    for (let n = 1; n <= 5; n++) {
      const late = vm.terminate({ timeoutMs: 50 })
      await provider.next('terminate')
      clock.advance(50)
      assert.equal((await rejectsWith(late, OperationTimeoutError)).sent, true)
      assert.equal(env.gauges.abandoned, n)
    }
    await vm.start()
  })
})
