// What an error of a VM tells of where the call stood: queued or sent, the state the VM was in, created and ended again.

import assert from 'node:assert/strict'
import type { HcsError } from '#dist/index.js'
import { InvalidStateError, OperationTimeoutError, type UtilityVM } from '#dist/index.js'
import { HCS_EVENT } from '#dist/native/hcs.js'
import { answerAll, failure, FakeProvider, holding, PROPERTIES } from '../../fakes/provider.js'
import { environment, useFakeVms, vmActor, type FakeVm } from '../../fakes/vm.js'
import { pending, refused, rejectsWith } from '../../support/expect.js'

describe('where a VM call stood when its time ran out', () => {
  const make = useFakeVms()

  it('in the queue: nothing was sent, and behind what it waited', async () => {
    const provider = new FakeProvider(holding('modify'))
    const { vm, clock } = await make({ provider })
    const first = vm.addPipe('a')
    const held = await provider.next('modify')
    const second = vm.pause({ timeoutMs: 50 })
    const third = vm.resume({ timeoutMs: 40 })
    assert.equal(await pending(third), true)
    clock.advance(50)
    const [behindOne, behindTwo] = await Promise.all(
      [second, third].map((call) => rejectsWith(call, OperationTimeoutError)),
    )
    assert.deepEqual([behindOne!.sent, behindTwo!.sent], [false, false])
    assert.equal(
      behindOne!.message,
      'vm.pause "fake": no answer within 50 ms (it waited behind vm.addPipe); nothing was sent',
    )
    assert.match(behindTwo!.message, /^vm\.resume .* \(it waited behind vm\.addPipe and 1 more\); nothing was sent$/)
    held.resolve()
    await first
    await vm.start()
    assert.deepEqual(provider.names(), ['modify', 'start'])
  })

  it('for a slot: nothing was sent, and which limit it was', async () => {
    for (const limit of ['operations', 'boots'] as const) {
      const { vm, provider, clock, env } = await make({ [limit]: 1 })
      const release = await env[limit].acquire('somebody else').granted
      const late = vm.start({ timeoutMs: 50 })
      assert.equal(await pending(late), true)
      clock.advance(50)
      const error = await rejectsWith(late, OperationTimeoutError)
      assert.equal(error.sent, false)
      assert(
        error.message.includes(`(it waited for a slot: limits.${limit} are taken); nothing was sent`),
        error.message,
      )
      release?.()
      await vm.pause()
      assert.deepEqual(provider.names(), ['pause'])
    }
  })

  it('at HCS: the outcome is unknown', async () => {
    const provider = new FakeProvider(holding('modify'))
    const { vm, clock } = await make({ provider })
    const late = vm.addPipe('a', { timeoutMs: 50 })
    const held = await provider.next('modify')
    clock.advance(50)
    const error = await rejectsWith(late, OperationTimeoutError)
    assert.equal(error.sent, true)
    assert.match(error.message, /no answer within 50 ms; the outcome is unknown/)
    held.resolve()
  })

  it('a wait has sent nothing, and says that the VM has not exited', async () => {
    const { vm, clock } = await make()
    const late = vm.wait({ timeoutMs: 94.89216299999998 })
    assert.equal(await pending(late), true)
    clock.advance(95)
    const error = await rejectsWith(late, OperationTimeoutError)
    assert.equal(error.sent, false)
    assert.match(error.message, /no answer within 95 ms \(the VM has not exited\); nothing was sent/)
  })
})

describe('a refusal for the VM’s state', () => {
  const make = useFakeVms()
  const INVALID = 0x80370105

  /** Refuses one kind of call and lets the others through. */
  async function refuse(made: FakeVm, op: string, call: (vm: UtilityVM) => Promise<unknown>): Promise<HcsError> {
    made.provider.script = (name) => (name === op ? failure(INVALID) : answerAll(name))
    try {
      return await refused(call(made.vm), INVALID)
    } finally {
      made.provider.script = answerAll
    }
  }

  it('names the state the VM is in and what would be needed, as the answers so far tell', async () => {
    const made = await make()
    const { vm } = made
    const pause = (): Promise<HcsError> => refuse(made, 'pause', () => vm.pause())
    const created = await pause()
    assert.equal(created.state, 'created')
    assert.match(created.message, /HCS_E_INVALID_STATE.*; the VM is created, and would have to be running$/)
    await vm.start()
    assert.equal((await refuse(made, 'resume', () => vm.resume())).state, 'running')
    assert.equal((await refuse(made, 'save', () => vm.save({ SaveType: 'ToFile' }))).state, 'running')
    await vm.pause()
    const modify = await refuse(made, 'modify', () => vm.updateMemory(2))
    assert.match(modify.message, /VirtualMachine\/.*; the VM is paused, and would have to be running$/)
    await vm.save({ SaveType: 'ToFile' })
    assert.equal((await pause()).state, 'paused')
    await vm.save({ SaveType: 'AsTemplate' })
    assert.equal((await refuse(made, 'start', () => vm.start())).state, 'saved as a template')
  })

  it('crosses before the lines of the service’s own report', async () => {
    const { vm, provider } = await make()
    const document = JSON.stringify({ ErrorMessage: 'no', ErrorEvents: [{ Message: 'more' }] })
    provider.script = (op) => (op === 'pause' ? failure(INVALID, document) : answerAll(op))
    const error = await refused(vm.pause(), INVALID)
    assert.match(error.message, /; no; the VM is created, and would have to be running\n\[Event Detail: more\]$/)
    assert.match(error.stack ?? '', /would have to be running/)
  })

  it('names none where HCS and this side do not agree, and none for other refusals', async () => {
    const made = await make()
    const start = await refuse(made, 'start', (vm) => vm.start())
    assert.equal(start.state, undefined)
    assert.doesNotMatch(start.message, /would have to be/)
    made.provider.script = (op) => (op === 'pause' ? failure(0x80070005) : answerAll(op))
    assert.equal((await refused(made.vm.pause(), 0x80070005)).state, undefined)
  })

  it('a start whose caller gave up counts when it succeeds; one that HCS lost track of is unknown', async () => {
    const made = await make({ provider: new FakeProvider(holding('start')) })
    const { vm, provider, clock } = made
    const late = vm.start({ timeoutMs: 50 })
    const held = await provider.next('start')
    clock.advance(50)
    await rejectsWith(late, OperationTimeoutError)
    held.resolve()
    assert.equal((await refuse(made, 'resume', () => vm.resume())).state, 'running')
    provider.script = (op) => (op === 'pause' ? failure(0x80370118) : answerAll(op))
    await refused(vm.pause(), 0x80370118)
    assert.equal((await refuse(made, 'resume', () => vm.resume())).state, undefined)
  })

  it('an opened VM has the state of its properties', async () => {
    for (const [told, state] of [
      ['Running', 'running'],
      ['paused', 'paused'],
      ['SavedAsTemplate', 'saved as a template'],
      [undefined, 'created'],
      ['Odd', undefined],
    ] as const) {
      const provider = new FakeProvider()
      const properties = JSON.stringify({ ...(JSON.parse(PROPERTIES) as object), State: told })
      provider.script = (op) => (op === 'properties' ? properties : op === 'migrate' ? failure(INVALID) : answerAll(op))
      const env = environment(provider)
      const { mailbox, ended } = vmActor(env)
      await mailbox.call('open', { id: 'fake', shutdownOptions: '', queueLimit: 1 }, { op: 'host.openVM' })
      const call = state === 'running' ? 'resume' : 'pause'
      provider.script = () => failure(INVALID)
      const refusal =
        call === 'resume'
          ? mailbox.call('resume', {}, { op: 'x' })
          : mailbox.call('pause', { options: '' }, { op: 'x' })
      assert.equal((await refused(refusal, INVALID)).state, state)
      await mailbox.stop()
      await ended
    }
  })
})

describe('an attachment that was closed meanwhile', () => {
  const INPUT = { id: 'fake', document: '{}', shutdownOptions: '', queueLimit: 1 }

  it('a create that was sent says that the VM was ended again, not that nothing was sent', async () => {
    const provider = new FakeProvider(holding('createSystem'))
    const env = environment(provider)
    const { mailbox, ended } = vmActor(env)
    const creating = rejectsWith(mailbox.call('create', INPUT, { op: 'host.createVM' }), InvalidStateError)
    const held = await provider.next('createSystem')
    const stopping = mailbox.stop()
    assert.equal(await pending(stopping), true)
    held.resolve()
    const error = await creating
    assert.equal(error.state, 'closed')
    assert.match(error.message, /closed while the VM was being created; the VM was ended again$/)
    await stopping
    await ended
    assert.deepEqual(provider.names(), ['createSystem', 'terminate', 'close'])
    assert.equal(env.gauges.handles, 0)
  })

  it('an open that was sent gives the handle back and leaves the VM alone', async () => {
    const provider = new FakeProvider(holding('openSystem'))
    const env = environment(provider)
    const { mailbox, ended } = vmActor(env)
    const opening = rejectsWith(mailbox.call('open', INPUT, { op: 'host.openVM' }), InvalidStateError)
    const held = await provider.next('openSystem')
    const stopping = mailbox.stop()
    assert.equal(await pending(stopping), true)
    held.resolve()
    assert.match((await opening).message, /closed while the VM was being opened; the handle was given back$/)
    await stopping
    await ended
    assert.deepEqual(provider.names(), ['openSystem', 'close'])
  })

  it('a second create of one actor is refused, and the first goes on', async () => {
    const provider = new FakeProvider()
    const { mailbox, ended } = vmActor(environment(provider))
    await mailbox.call('create', INPUT, { op: 'host.createVM' })
    const error = await rejectsWith(mailbox.call('create', INPUT, { op: 'host.createVM' }), InvalidStateError)
    assert.equal(error.state, 'open')
    assert.match(error.message, /^host\.createVM: .*nothing was sent/)
    await mailbox.call('start', { options: '' }, { op: 'vm.start' })
    await mailbox.stop()
    await ended
    assert.deepEqual(provider.names(), ['createSystem', 'properties', 'start', 'close'])
  })

  it('a create past its default time that succeeds late leaves no VM', async () => {
    const provider = new FakeProvider(holding('createSystem'))
    const env = environment(provider)
    const { mailbox, ended } = vmActor(env)
    const creating = mailbox.call('create', INPUT, { op: 'host.createVM' })
    const held = await provider.next('createSystem')
    ;(env.clock as unknown as { advance(ms: number): void }).advance(240_000)
    await rejectsWith(creating, OperationTimeoutError)
    held.resolve()
    await mailbox.stop()
    await ended
    assert.deepEqual(provider.names(), ['createSystem', 'terminate', 'close'])
    assert.equal(env.gauges.handles, 0)
  })

  it('an exit is found by the members of a property document, wherever its text says Stop', async () => {
    const provider = new FakeProvider()
    const { mailbox, ended } = vmActor(environment(provider))
    await mailbox.call('create', INPUT, { op: 'host.createVM' })
    const exits: unknown[] = []
    mailbox.onNotice('exit', (exit) => exits.push(exit.exitType))
    const read = async (document: object): Promise<void> => {
      provider.script = (op) => (op === 'properties' ? JSON.stringify(document) : answerAll(op))
      await mailbox.call('properties', { query: '', op: 'vm.propertiesV2' }, { op: 'vm.propertiesV2' })
    }
    await read({ Owner: '"Stopped"', Deep: { Stopped: true } })
    assert.deepEqual(exits, [])
    await read({ State: 'sTOPPED', ExitType: 'GracefulExit' })
    assert.deepEqual(exits, ['GracefulExit'])
    provider.emit('fake', HCS_EVENT.systemExited, {})
    await mailbox.stop()
    await ended
    assert.deepEqual(exits, ['GracefulExit'])
  })
})
