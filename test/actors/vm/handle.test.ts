// One compute-system handle: what its end, its boot slot and its overtaken changes come to.

import assert from 'node:assert/strict'
import { InvalidStateError } from '#dist/index.js'
import type { ActorEnvironment } from '#dist/actors/environment.js'
import type { Mailbox } from '#dist/actors/mailbox/contract.js'
import type { ExitNotice, VmNotices, VmRecall, VmRequests } from '#dist/actors/vm/contract.js'
import { VmHandle } from '#dist/actors/vm/handle.js'
import { HCS_EVENT, type HcsEvent } from '#dist/native/hcs.js'
import { fakeCall } from '../../fakes/actor-call.js'
import { ManualClock } from '../../fakes/clock.js'
import { answerAll, failure, FakeProvider, holding, PROPERTIES } from '../../fakes/provider.js'
import { environment, useFakeVms, vmActor } from '../../fakes/vm.js'
import { pending, refused, rejectsWith } from '../../support/expect.js'

const EXIT = { Status: 0, ExitType: 'GracefulExit' }
const GONE = JSON.stringify({ ...JSON.parse(PROPERTIES), Stopped: true, ExitType: 'GracefulExit' })
const { RuntimeId } = JSON.parse(PROPERTIES) as { RuntimeId: string }
const PENDING = 0xc0370103
const INPUT = { id: 'fake', document: '{}', shutdownOptions: '', queueLimit: 8 }

describe('VM handle', () => {
  const make = useFakeVms()

  describe('boot slot', () => {
    async function booting(): Promise<{ provider: FakeProvider; env: ActorEnvironment; start: () => Promise<void> }> {
      const { vm, provider, env } = await make({ boots: 1 })
      env.boots.expect(RuntimeId.toLowerCase())
      return { provider, env, start: () => vm.start() }
    }
    const isFree = async (env: ActorEnvironment): Promise<boolean> => {
      const request = env.boots.acquire('other')
      const waits = await pending(request.granted)
      request.cancel()
      ;(await request.granted)?.()
      return !waits
    }

    it('comes back when the start fails although a Guest is waited for', async () => {
      const { provider, env, start } = await booting()
      provider.script = (op) => (op === 'start' ? failure(0x80370105) : answerAll(op))
      await refused(start(), 0x80370105)
      assert.equal(await isFree(env), true)
    })

    it('comes back when the VM exits before its guest is connected', async () => {
      const { provider, env, start } = await booting()
      await start()
      assert.equal(await isFree(env), false)
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      assert.equal(await isFree(env), true)
    })
  })

  it('a terminate that HCS says is under way waits for the exit', async () => {
    const { vm, provider } = await make()
    provider.script = (op) => (op === 'terminate' ? failure(PENDING) : answerAll(op))
    const terminating = vm.terminate()
    await provider.next('terminate')
    assert.equal(await pending(terminating), true)
    provider.emit('fake', HCS_EVENT.systemExited, EXIT)
    await terminating
  })

  it('a query that HCS answers without a document says just that', async () => {
    const { vm, provider } = await make()
    provider.script = (op) => (op === 'properties' ? '' : answerAll(op))
    const error = await refused(vm.propertiesV2([]), 0x8000ffff)
    assert.match(error.message, /answered the query without a document/)
  })

  it('whenever a terminate overtakes a change, the next one has its turn when it has failed', async () => {
    // At every point of the way from the end of one change to the sending of the next.
    for (let at = 0; at < 24; at++) {
      const provider = new FakeProvider(holding('modify', 'terminate'))
      const env = environment(provider)
      const handle = new VmHandle(env, { onEvent: () => undefined, onExit: () => undefined, onLoss: () => undefined })
      provider.script = answerAll
      await handle.attach('created', INPUT, fakeCall(), (onEvent) => provider.createSystem('fake', '{}', onEvent))
      provider.script = holding('modify', 'terminate')
      const change = (): Promise<unknown> =>
        handle
          .change({ op: 'vm.modify', kind: 'modify', call: fakeCall() }, (system) => system.modify('{}'))
          .catch((error: unknown) => assert(error instanceof InvalidStateError))
      const [first, second] = [change(), change()]
      ;(await provider.next('modify')).resolve()
      for (let n = 0; n < at; n++) await Promise.resolve()
      const terminating = refused(handle.terminate(fakeCall()), 0x80070005)
      ;(await provider.next('terminate')).reject(failure(0x80070005))
      await terminating
      provider.script = answerAll
      for (const call of provider.calls) call.resolve()
      await Promise.all([first, second])
      assert.equal(await pending(change()), false, `overtaken after ${at} turns`)
      await handle.end('close')
    }
  })

  describe('closed', () => {
    const attached = async (): Promise<{ provider: FakeProvider; mailbox: Mailbox<VmRequests, VmNotices> }> => {
      const provider = new FakeProvider()
      const { mailbox } = vmActor(environment(provider))
      await mailbox.call('create', INPUT, { op: 'host.createVM' })
      return { provider, mailbox }
    }

    it('it fails whoever waits for the exit', async () => {
      const { mailbox } = await attached()
      const waiting = rejectsWith(mailbox.call('wait', {}, { op: 'vm.wait', id: 'fake' }), InvalidStateError)
      await mailbox.call('close', {}, { op: 'vm.close' })
      assert.equal((await waiting).state, 'closed')
      await mailbox.stop()
    })

    it('it tells nothing any more, whatever HCS still says', async () => {
      const { provider, mailbox } = await attached()
      const told: unknown[] = []
      mailbox.onNotice('guestConnectionClosed', () => told.push('guest connection'))
      const emit = provider.events.get('fake') as (event: HcsEvent) => void
      emit({ type: HCS_EVENT.guestConnectionClosed, data: '' })
      await mailbox.call('close', {}, { op: 'vm.close' })
      assert.deepEqual(told, ['guest connection'])
      emit({ type: HCS_EVENT.guestConnectionClosed, data: '' })
      await mailbox.stop()
      assert.deepEqual(told, ['guest connection'])
    })
  })

  describe('taken back', () => {
    async function adopted(more: Partial<VmRecall> = {}): Promise<{
      mailbox: Mailbox<VmRequests, VmNotices>
      exit: Promise<ExitNotice>
    }> {
      const provider = new FakeProvider()
      provider.script = (op) => (op === 'properties' ? GONE : answerAll(op))
      provider.adoptSystem = () => provider.openSystem('fake', () => undefined)
      const { mailbox } = vmActor(environment(provider))
      const exit = new Promise<ExitNotice>((resolve) => mailbox.onNotice('exit', resolve))
      const recall = { id: 'fake', token: '1', origin: 'created', shutdownOptions: '', queueLimit: 8 } as const
      await mailbox.call('adopt', { ...recall, hasMigrated: false, ...more }, { op: 'vm.adopt' })
      return { mailbox, exit }
    }

    it('the VM is looked at: an exit that nobody heard is told', async () => {
      const { mailbox, exit } = await adopted()
      assert.equal((await exit).exitType, 'GracefulExit')
      await mailbox.stop()
    })

    it('it has started when it had', async () => {
      const { mailbox } = await adopted({ startedMs: 1_700_000_000_123 })
      assert.equal((await mailbox.call('times', {}, { op: 'vm.startedTime' })).startedMs, 1_700_000_000_123)
      await mailbox.stop()
    })
  })

  describe('asked late', () => {
    it('a shutdown of a VM that exits meanwhile has done what it was for', async () => {
      const { vm, provider } = await make({ provider: new FakeProvider(holding('shutdown')) })
      const shutting = vm.shutdown()
      const held = await provider.next('shutdown')
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      held.reject(failure(0x80370110))
      await shutting
    })

    it('the start time is that of the first start, whatever is asked of HCS again', async () => {
      const clock = new ManualClock()
      const { vm } = await make({ clock })
      await vm.start()
      const startedMs = clock.wallTime()
      clock.advance(5_000)
      await vm.start()
      assert.equal((await vm.startedTime())?.getTime(), startedMs)
    })

    it('a guest connection that HCS has lost is a reason to look for the exit', async () => {
      const { vm, provider } = await make()
      const exit = new Promise<string>((resolve) => vm.once('exit', ({ exitType }) => resolve(exitType)))
      provider.script = (op) => (op === 'properties' ? GONE : answerAll(op))
      provider.emit('fake', HCS_EVENT.guestConnectionClosed)
      assert.equal(await exit, 'GracefulExit')
    })
  })
})
