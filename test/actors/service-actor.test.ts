// The actor of the service calls on a bare port: slots, time, cancellation and its end.

import assert from 'node:assert/strict'
import { AbortError, HcsError, InvalidStateError, OperationTimeoutError, type CallOptions } from '#dist/index.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { Mailbox } from '#dist/actors/mailbox/contract.js'
import type { ActorEnvironment } from '#dist/actors/environment.js'
import { startServiceActor } from '#dist/actors/service-actor.js'
import type { ServiceRequests } from '#dist/actors/threads/contract.js'
import { ManualClock } from '../fakes/clock.js'
import { failure, FakeProvider } from '../fakes/provider.js'
import { environment } from '../fakes/vm.js'
import { deferred, pending, rejectsWith } from '../support/expect.js'

const SUBJECT = { op: 'host.modifyServiceSettings' }

interface Rig {
  mailbox: Mailbox<ServiceRequests, Record<string, never>>
  ended: Promise<void>
  env: ActorEnvironment
  clock: ManualClock
  /** Answers of modifyService and enumerate, in the order asked; each waits until the test gives it. */
  asked: { query: string; resolve: (text: string) => void; reject: (error: unknown) => void }[]
}

function rig(operations = Infinity): Rig {
  const asked: Rig['asked'] = []
  const provider = new FakeProvider()
  const ask = (query: string): Promise<string> => {
    const { promise, resolve, reject } = deferred<string>()
    asked.push({ query, resolve, reject })
    return promise
  }
  Object.assign(provider, { enumerate: ask, serviceProperties: ask, modifyService: ask })
  const clock = new ManualClock()
  const env = environment(provider, clock, { operations })
  const { local, remote } = newChannel()
  const { ended } = startServiceActor(remote, env)
  return { mailbox: openMailbox(local), ended, env, clock, asked }
}

describe('service actor', () => {
  let made: Rig

  afterEach(async () => {
    const stopping = made.mailbox.stop()
    for (const { resolve } of made.asked) resolve('[]')
    await stopping
    await made.ended
    assert.deepEqual(made.env.gauges, { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 })
    assert.equal(made.clock.timers, 0)
  })

  /** In an array: a promise would be waited for. */
  async function ask(options?: CallOptions): Promise<[Promise<string>]> {
    const call = made.mailbox.call('modifyService', { settings: `${made.asked.length}` }, SUBJECT, options)
    call.catch(() => undefined)
    assert.equal(await pending(call), true)
    return [call]
  }

  it('a call that is not answered within 4 minutes times out, and gives its slot back', async () => {
    made = rig(1)
    const [first] = await ask()
    made.clock.advance(239_999)
    assert.equal(await pending(first), true)
    made.clock.advance(1)
    const error = await rejectsWith(first, OperationTimeoutError)
    assert.equal(error.timeoutMs, 240_000)
    assert.deepEqual([error.op, error.sent], ['host.modifyServiceSettings', true])
    assert.equal(made.env.gauges.abandoned, 1)
    const [second] = await ask()
    made.asked[1]!.resolve('[1]')
    assert.equal(await second, '[1]')
    assert.deepEqual([made.env.gauges.operations, made.env.gauges.abandoned], [1, 1])
    made.asked[0]!.resolve('[]')
    await pending(second)
    assert.deepEqual([made.env.gauges.operations, made.env.gauges.abandoned], [0, 0])
  })

  it('eight that were given up have given their slots back; the next one does when one of them ends', async () => {
    made = rig(1)
    for (let n = 0; n < 9; n++) {
      const [late] = await ask({ timeoutMs: 50 })
      made.clock.advance(50)
      assert.equal((await rejectsWith(late, OperationTimeoutError)).sent, true)
    }
    const [waiting] = await ask()
    assert.equal(made.asked.length, 9)
    made.asked[4]!.resolve('[]')
    assert.equal(await pending(waiting), true)
    assert.equal(made.asked.length, 10)
    made.asked[9]!.resolve('[10]')
    assert.equal(await waiting, '[10]')
  })

  it('what waits for a slot that nobody gives back is told so, after as long as a call may take', async () => {
    made = rig(1)
    const [held] = await ask({ timeoutMs: Infinity })
    const [late] = await ask()
    made.clock.advance(239_999)
    assert.equal(await pending(late), true)
    made.clock.advance(1)
    const error = await rejectsWith(late, OperationTimeoutError)
    assert.deepEqual([error.sent, error.timeoutMs], [false, 240_000])
    assert.match(error.message, /limits\.operations are taken, and none was given back\); nothing was sent$/)
    assert.equal(await pending(held), true)
    assert.equal(made.asked.length, 1)
  })

  it('listing and inspecting wait for nobody who changes something', async () => {
    made = rig(1)
    void (await ask({ timeoutMs: Infinity }))
    const list = made.mailbox.call('enumerate', { query: '' }, { op: 'host.listVMs' })
    const properties = made.mailbox.call('serviceProperties', { query: '' }, { op: 'host.serviceProperties' })
    assert.equal(await pending(properties), true)
    made.asked[1]!.resolve('[1]')
    made.asked[2]!.resolve('[2]')
    assert.deepEqual(await Promise.all([list, properties]), ['[1]', '[2]'])
  })

  it('the caller’s own time replaces the default', async () => {
    made = rig()
    const [call] = await ask({ timeoutMs: Infinity })
    made.clock.advance(1_000_000_000)
    assert.equal(await pending(call), true)
  })

  it('a call that is aborted while it waits for a slot is never sent', async () => {
    made = rig(1)
    const [first] = await ask()
    const abort = new AbortController()
    const [second] = await ask({ signal: abort.signal })
    abort.abort()
    await rejectsWith(second, AbortError)
    assert.equal(await pending(first), true, 'and by now the actor has heard of it')
    made.asked[0]!.resolve('[]')
    await first
    const [third] = await ask()
    assert.deepEqual(
      made.asked.map(({ query }) => query),
      ['0', '1'],
    )
    made.asked[1]!.resolve('[]')
    await third
  })

  it('its end refuses what waits and waits for what the service has', async () => {
    made = rig(1)
    const [first] = await ask()
    const [second] = await ask()
    const stopping = made.mailbox.stop()
    assert.equal((await rejectsWith(second, InvalidStateError)).state, 'closed')
    assert.equal(await pending(stopping), true)
    made.asked[0]!.resolve('[5]')
    assert.equal(await first, '[5]')
    await stopping
    assert.equal(made.asked.length, 1)
  })

  it('a refusal carries the operation, and frees its slot', async () => {
    made = rig(1)
    const [call] = await ask()
    made.asked[0]!.reject(failure(0x8037011b))
    const error = await rejectsWith(call, HcsError)
    assert.equal(error.op, 'host.modifyServiceSettings')
    assert.equal(error.hresultName, 'HCS_E_ACCESS_DENIED')
    const [next] = await ask()
    assert.equal(made.asked.length, 2)
    made.asked[1]!.resolve('[]')
    await next
  })
})
