// The VM actor and its proxy over a bare port, against a compute service that does what the test says.

import assert from 'node:assert/strict'
import {
  AbortError,
  HcsError,
  InvalidStateError,
  isAlreadyClosed,
  isTimeout,
  OperationTimeoutError,
  OverloadedError,
  type ExitStatus,
} from '#dist/index.js'
import { MOST_IN_FLIGHT, MOST_WAITING } from '#dist/actors/outbox.js'
import { HCS_EVENT } from '#dist/native/hcs.js'
import { answerAll, failure, FakeProvider, holding, PROPERTIES } from '../../fakes/provider.js'
import { environment, useFakeVms, vmActor } from '../../fakes/vm.js'
import { ManualClock } from '../../fakes/clock.js'
import { pending, refused, rejection, rejectsWith } from '../../support/expect.js'

const EXIT = { Status: 0, ExitType: 'GracefulExit' }
const disk = { Type: 'VirtualDisk' as const, Path: 'C:\\d.vhdx' }

describe('VM actor', () => {
  const make = useFakeVms()

  describe('order', () => {
    it('HCS-055 changes of one VM run one at a time in call order; another VM is not held up', async () => {
      const provider = new FakeProvider(holding('modify', 'pause'))
      const { vm } = await make({ provider })
      const [add, pause, remove] = [vm.addSCSIDisk(disk, 0, 0), vm.pause(), vm.removeSCSIDisk(0, 0)]
      const first = await provider.next('modify')
      const other = await make({ provider: new FakeProvider() })
      await other.vm.start()
      assert.deepEqual(provider.names(), ['modify'])
      first.resolve()
      await add
      const second = await provider.next('pause')
      assert.deepEqual(provider.names(), ['modify', 'pause'])
      assert.equal(await pending(pause), true)
      second.resolve()
      await pause
      const third = await provider.next('modify')
      assert.equal(await pending(remove), true)
      third.resolve()
      await remove
      assert.deepEqual(provider.names(), ['modify', 'pause', 'modify'])
    })

    it('HCS-056 after terminate what is queued is refused and never sent', async () => {
      const provider = new FakeProvider(holding('modify', 'terminate'))
      const { vm } = await make({ provider })
      const current = vm.addSCSIDisk(disk, 0, 0)
      const held = await provider.next('modify')
      const queued = Array.from({ length: 100 }, (_, lun) => vm.addSCSIDisk(disk, 1, lun))
      const refusals = Promise.all(queued.map((promise) => rejectsWith(promise, InvalidStateError)))
      const terminating = vm.terminate()
      ;(await provider.next('terminate')).resolve()
      for (const error of await refusals) assert.equal(error.state, 'terminating')
      held.resolve()
      await current
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await terminating
      assert.deepEqual(provider.names(), ['modify', 'terminate'])
    })

    it('refuses more than the limit of queued calls, and says which', async () => {
      const provider = new FakeProvider(holding('modify'))
      const { vm } = await make({ provider, queueLimit: 2 })
      const calls = [vm.updateMemory(2), vm.updateMemory(4), vm.updateMemory(6)]
      const error = await rejectsWith(vm.updateMemory(8), OverloadedError)
      assert.equal(error.limit, 2)
      assert.equal(error.op, 'vm.updateMemory')
      for (let n = 0; n < 3; n++) (await provider.next('modify')).resolve()
      await Promise.all(calls)
    })

    it('property reads and wait do not queue behind changes', async () => {
      const provider = new FakeProvider(holding('modify'))
      const { vm } = await make({ provider })
      const change = vm.updateMemory(2)
      const held = await provider.next('modify')
      assert.equal((await vm.propertiesV2([])).Id, 'fake')
      held.resolve()
      await change
    })
  })

  describe('answers', () => {
    it('HCS-018 an empty result of a query is an error, and so is one that is no document', async () => {
      const provider = new FakeProvider()
      const { vm } = await make({ provider })
      for (const text of ['', 'null', '[]', 'not json', '"text"']) {
        provider.script = (op) => (op === 'properties' ? text : answerAll(op))
        const error = await refused(vm.propertiesV2([]), 0x8000ffff)
        assert.equal(error.op, 'vm.propertiesV2')
      }
    })

    it('HCS-054 a refused call reports its result document, and its slot is free again', async () => {
      const provider = new FakeProvider()
      const { vm } = await make({ provider, operations: 1 })
      const document = {
        Error: -2147024713,
        ErrorMessage: 'taken',
        ErrorEvents: [{ Message: 'LUN in use', Provider: 'p', EventId: 7 }],
        Attribution: [{ OperationFailure: { Detail: 'Modify' } }],
      }
      provider.script = (op) => (op === 'modify' ? failure(0x800700b7, JSON.stringify(document)) : answerAll(op))
      const error = await refused(vm.addSCSIDisk(disk, 0, 0), 0x800700b7)
      assert.equal(error.hresultName, 'ERROR_ALREADY_EXISTS')
      assert.deepEqual(error.events, document.ErrorEvents)
      assert.deepEqual(error.attribution, document.Attribution)
      assert.match(error.message, /vm\.addSCSIDisk "fake": VirtualMachine\/Devices\/Scsi\/df6d.*taken/s)
      assert.match(error.message, /\[Event Detail: LUN in use Provider: p EventID: 7\]/)
      assert.match(error.stack ?? '', /actor\.test/)
      await vm.start()
    })

    it('HCS-082 a result document with missing fields, empty or no JSON never hides the HRESULT', async () => {
      const provider = new FakeProvider()
      const { vm } = await make({ provider })
      for (const document of [
        '',
        '{}',
        'null',
        '[1]',
        'garbage',
        '{"ErrorEvents":5}',
        '{"ErrorEvents":[null,{}]}',
        '{"Error":"x"}',
      ]) {
        provider.script = () => failure(-2143878907, document)
        const error = await refused(vm.start(), 0x80370105)
        assert.equal(error.hresultName, 'HCS_E_INVALID_STATE')
      }
    })

    it('a rejection without an HRESULT counts as unexpected, and keeps its cause', async () => {
      const provider = new FakeProvider(() => '')
      provider.script = answerAll
      const { vm } = await make({ provider })
      provider.script = () => new Error('who knows')
      const error = await refused(vm.start(), 0x8000ffff)
      assert.match(String((error.cause as Error).message), /who knows/)
    })

    it('HCS-084 an error that already carries op and id is not wrapped again', async () => {
      const provider = new FakeProvider()
      const { vm } = await make({ provider })
      provider.script = () => new HcsError({ op: 'native.start', id: 'other', hresult: 0x80370105 })
      const error = await refused(vm.start(), 0x80370105)
      assert.equal(error.op, 'native.start')
      assert.equal(error.id, 'other')
      assert.equal(error.message.match(/HCS_E_INVALID_STATE/g)?.length, 1)
    })
  })

  describe('time and cancellation', () => {
    it('HCS-048 a start that runs out of time rejects as a timeout; the VM is seen running later', async () => {
      const provider = new FakeProvider(holding('start'))
      const { vm, clock, env } = await make({ provider })
      const starting = vm.start()
      const held = await provider.next('start')
      clock.advance(240_000)
      const error = await rejectsWith(starting, OperationTimeoutError)
      assert.equal(error.timeoutMs, 240_000)
      assert.equal(isTimeout(error), true)
      assert.match(error.message, /outcome is unknown/)
      assert.equal(env.gauges.operations, 1)
      const next = vm.pause()
      assert.equal(await pending(next), true, 'the call at HCS still holds its turn')
      held.resolve()
      await next
      assert.equal(env.gauges.operations, 0)
      const terminating = vm.terminate()
      await provider.next('terminate').then(() => provider.emit('fake', HCS_EVENT.systemExited, EXIT))
      await terminating
    })

    it('counts a default from when the call leaves its queue, and the caller’s own from the call', async () => {
      const provider = new FakeProvider(holding('modify'))
      const { vm, clock } = await make({ provider })
      const first = vm.updateMemory(2)
      const second = vm.updateMemory(4)
      const held = await provider.next('modify')
      clock.advance(239_000)
      held.resolve()
      await first
      const sent = await provider.next('modify')
      clock.advance(239_000)
      assert.equal(await pending(second), true)
      sent.resolve()
      await second
      const third = vm.updateMemory(6, { timeoutMs: 0.5 })
      const error = await rejectsWith(third, OperationTimeoutError)
      assert.equal(error.timeoutMs, 0.5)
    })

    it('a queued change that is aborted is never sent', async () => {
      const provider = new FakeProvider(holding('modify'))
      const { vm } = await make({ provider })
      const first = vm.updateMemory(2)
      const held = await provider.next('modify')
      const abort = new AbortController()
      const second = vm.updateMemory(4, { signal: abort.signal })
      const third = vm.updateMemory(6)
      const reason = new Error('changed my mind')
      abort.abort(reason)
      const error = await rejectsWith(second, AbortError)
      assert.equal(error.name, 'AbortError')
      assert.equal(error.code, 'ABORT_ERR')
      assert.equal(error.cause, reason)
      held.resolve()
      ;(await provider.next('modify')).resolve()
      await Promise.all([first, third])
      assert.deepEqual(provider.names(), ['modify', 'modify'])
      assert.match(provider.calls[1]!.argument, /6/)
    })

    it('HCS-049 an aborted create that succeeds later leaves no VM', async () => {
      const provider = new FakeProvider(holding('createSystem'))
      const env = environment(provider)
      const { mailbox, ended } = vmActor(env)
      const abort = new AbortController()
      const input = { id: 'fake', document: '{}', shutdownOptions: '', queueLimit: 1 }
      const creating = mailbox.call('create', input, { op: 'host.createVM' }, { signal: abort.signal })
      const held = await provider.next('createSystem')
      abort.abort()
      await rejectsWith(creating, AbortError)
      held.resolve()
      await mailbox.call('discard', {}, { op: 'vm.discard' })
      assert.deepEqual(
        provider.names().filter((name) => name !== 'properties'),
        ['createSystem', 'terminate', 'close'],
      )
      await mailbox.stop()
      await ended
      assert.equal(provider.openHandles, 0)
      assert.equal(env.gauges.handles, 0)
    })

    it('HCS-050 an aborted property read leaves no operation behind once it ends', async () => {
      const provider = new FakeProvider()
      const { vm, env } = await make({ provider })
      provider.script = holding('properties')
      const abort = new AbortController()
      const reading = vm.propertiesV2([], { signal: abort.signal })
      const held = await provider.next('properties')
      assert.equal(env.gauges.operations, 1)
      abort.abort()
      await rejectsWith(reading, AbortError)
      held.resolve(PROPERTIES)
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(env.gauges.operations, 0)
      provider.script = answerAll
    })

    it('what waits for an operation slot is refused by close and never sent', async () => {
      const provider = new FakeProvider(holding('start'))
      const clock = new ManualClock()
      const env = environment(provider, clock, { operations: 1 })
      const busy = env.operations.acquire('somebody else')
      const release = await busy.granted
      const { mailbox, ended } = vmActor(env)
      const input = { id: 'fake', document: '{}', shutdownOptions: '', queueLimit: 1 }
      const creating = mailbox.call('create', input, { op: 'host.createVM' })
      assert.equal(await pending(creating), true)
      const refusal = rejectsWith(creating, InvalidStateError)
      await mailbox.stop()
      await refusal
      await ended
      release?.()
      assert.deepEqual(provider.names(), [])
    })
  })

  describe('the end', () => {
    it('HCS-031 two terminates at once are one native call', async () => {
      const provider = new FakeProvider()
      const { vm } = await make({ provider })
      const exits: ExitStatus[] = []
      vm.on('exit', (exit) => exits.push(exit))
      const both = Promise.all([vm.terminate(), vm.terminate()])
      await provider.next('terminate')
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      provider.emit('fake', HCS_EVENT.systemExited, EXIT)
      await both
      assert.equal(exits.length, 1)
      assert.deepEqual(provider.names(), ['terminate'])
    })

    it('terminate of a VM that is gone already resolves, with the exit that the properties tell', async () => {
      const provider = new FakeProvider()
      const { vm } = await make({ provider })
      const gone = { Id: 'fake', SystemType: 'Container', RuntimeId: 'x', Stopped: true, ExitType: 'GracefulExit' }
      provider.script = (op) =>
        op === 'terminate' ? failure(0x80370110) : op === 'properties' ? JSON.stringify(gone) : ''
      await vm.terminate()
      assert.equal((await vm.wait()).exitType, 'GracefulExit')
    })

    it('HCS-039 an unexpected exit resolves wait, and its exit error has 0xC0370106', async () => {
      const { vm, provider } = await make()
      const waiting = vm.wait()
      const attribution = [{ SystemExit: { Detail: 'UnexpectedExit', Initiator: 'Internal' } }]
      provider.emit('fake', HCS_EVENT.systemExited, {
        Status: -1070137082,
        ExitType: 'UnexpectedExit',
        Attribution: attribution,
      })
      const exit = await waiting
      assert.equal(exit.exitType, 'UnexpectedExit')
      assert.equal(exit.status, 0xc0370106)
      assert.deepEqual(exit.attribution, attribution)
      const error = await vm.exitError()
      assert(error instanceof HcsError)
      assert.equal(error.hresult, 0xc0370106)
    })

    it('HCS-041 a service that disconnects fails waiters, and later calls fail at once', async () => {
      const { vm, provider } = await make()
      const waiting = vm.wait()
      provider.emit('fake', HCS_EVENT.serviceDisconnect)
      const error = await refused(waiting, 0x8037011e)
      assert.equal(error.hresultName, 'HCS_E_SERVICE_DISCONNECT')
      await refused(vm.start(), 0x8037011e)
      await refused(vm.propertiesV2([]), 0x8037011e)
      assert.deepEqual(provider.names(), [])
    })

    it('HCS-044 close waits for the call that HCS has, and that call settles', async () => {
      const provider = new FakeProvider(holding('modify'))
      const { vm } = await make({ provider })
      const change = vm.updateMemory(2)
      const held = await provider.next('modify')
      const closing = vm.close()
      assert.equal(await pending(closing), true)
      assert.deepEqual(provider.names(), ['modify'])
      held.resolve()
      await change
      await closing
      assert.deepEqual(provider.names(), ['modify', 'close'])
    })

    it('HCS-035 shutdown and terminate of a closed VM make no native call', async () => {
      const { vm, provider } = await make()
      await vm.close()
      await vm.terminate()
      await vm.shutdown()
      assert.deepEqual(provider.names(), ['close'])
      assert.equal(isAlreadyClosed(await rejection(vm.pause())), true)
    })

    it('an exit before the first property read is known as soon as the VM is', async () => {
      const provider = new FakeProvider()
      provider.script = (op) => {
        if (op === 'properties') provider.emit('fake', HCS_EVENT.systemExited, EXIT)
        return answerAll(op)
      }
      const { vm } = await make({ provider })
      assert.equal((await vm.wait()).exitType, 'GracefulExit')
      assert.equal(await vm.exitError(), undefined)
    })

    it('HCS-093 an exit event without a payload, or with a malformed one, is an exit of unknown kind', async () => {
      for (const data of ['', 'garbage', '[]', '{"Status":"x"}']) {
        const { vm, provider } = await make()
        provider.emit('fake', HCS_EVENT.systemExited, data)
        assert.deepEqual(await vm.wait(), { status: 0, exitType: 'Unknown' })
      }
    })

    it('HCS-094 events of unknown types are ignored', async () => {
      const { vm, provider } = await make()
      for (const type of [0, 4, 5, 0x1234, 0x01000000, 0xffffffff, -1]) provider.emit('fake', type, { x: 1 })
      assert.equal((await vm.propertiesV2([])).Id, 'fake')
    })

    it('crash reports come as events, and the guest connection of HCS as another', async () => {
      const { vm, provider } = await make()
      const reports: unknown[] = []
      let closed = 0
      vm.on('crash-report', (report) => reports.push(report))
      vm.on('guest-connection-closed', () => closed++)
      provider.emit('fake', HCS_EVENT.crashReport, { CrashLog: 'panic' })
      provider.emit('fake', HCS_EVENT.guestConnectionClosed)
      await vm.propertiesV2([])
      assert.deepEqual(reports, [{ CrashLog: 'panic' }])
      assert.equal(closed, 1)
    })

    it('a flood of crash reports: a bounded number crosses, the rest is counted, and the exit comes behind them', async () => {
      const { vm, provider } = await make()
      const told: unknown[] = []
      let dropped = 0
      vm.on('crash-report', (report) => told.push((report as { n: number }).n))
      vm.on('dropped', (what, count) => {
        assert.equal(what, 'crash-report')
        dropped += count
      })
      vm.on('exit', () => told.push('exit'))
      // In one turn: the main thread takes nothing meanwhile.
      for (let n = 0; n < 1000; n++) provider.emit('fake', HCS_EVENT.crashReport, { n })
      provider.emit('fake', HCS_EVENT.systemExited, { Status: 0, ExitType: 'UnexpectedExit' })
      await vm.wait()
      const reports = told.slice(0, -1)
      assert.equal(told.at(-1), 'exit')
      assert.equal(reports.length, MOST_IN_FLIGHT + MOST_WAITING)
      assert.deepEqual(
        reports.slice(-MOST_WAITING),
        Array.from({ length: MOST_WAITING }, (_, at) => 1000 - MOST_WAITING + at),
      )
      assert.equal(dropped, 1000 - reports.length)
    })

    it('crash reports that are taken are all told, however many come', async () => {
      const { vm, provider } = await make()
      let count = 0
      let dropped = 0
      vm.on('crash-report', () => count++)
      vm.on('dropped', (_what, lost) => (dropped += lost))
      for (let round = 0; round < 50; round++) {
        for (let n = 0; n < 10; n++) provider.emit('fake', HCS_EVENT.crashReport, { n })
        await vm.propertiesV2([])
      }
      assert.deepEqual([count, dropped], [500, 0])
    })

    for (const [how, end] of [
      ['a handle that closes without an exit', ({ vm }) => vm.close()],
      [
        'a service that disconnects',
        async ({ vm, provider }) => {
          provider.emit('fake', HCS_EVENT.serviceDisconnect)
          await rejection(vm.wait())
        },
      ],
    ] as [string, (fake: Awaited<ReturnType<typeof make>>) => Promise<unknown>][]) {
      it(`${how}: crash reports that wait are told before it, and those that were dropped are counted`, async () => {
        const fake = await make()
        let count = 0
        let dropped = 0
        fake.vm.on('crash-report', () => count++)
        fake.vm.on('dropped', (_what, lost) => (dropped += lost))
        for (let n = 0; n < 1000; n++) fake.provider.emit('fake', HCS_EVENT.crashReport, { n })
        await end(fake)
        assert.deepEqual([count, dropped], [MOST_IN_FLIGHT + MOST_WAITING, 1000 - MOST_IN_FLIGHT - MOST_WAITING])
      })
    }

    it('a failed create terminates and closes what was accepted', async () => {
      const provider = new FakeProvider((op) => (op === 'properties' ? failure(0x80070005) : ''))
      const env = environment(provider)
      const { mailbox, ended } = vmActor(env)
      const input = { id: 'fake', document: '{}', shutdownOptions: '', queueLimit: 1 }
      await refused(mailbox.call('create', input, { op: 'host.createVM' }), 0x80070005)
      assert.deepEqual(provider.names(), ['createSystem', 'properties', 'terminate', 'close'])
      await mailbox.stop()
      await ended
      assert.equal(env.gauges.handles, 0)
    })
  })
})
