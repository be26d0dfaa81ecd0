// The migration calls and notifications of a UtilityVM, against a compute service that does what the test says.

import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import {
  AbortError,
  InvalidConfigError,
  InvalidStateError,
  isInvalidState,
  type OperationSystemMigrationNotificationInfo,
  type schema,
  type UtilityVM,
} from '#dist/index.js'
import { HCS_EVENT } from '#dist/native/hcs.js'
import { answerAll, failure, FakeProvider, holding } from '../../fakes/provider.js'
import { useFakeVms } from '../../fakes/vm.js'
import { pending, refused, rejectsWith } from '../../support/expect.js'

const MIGRATION = HCS_EVENT.groupLiveMigration
const EXIT = { Status: 0, ExitType: 'ForcedExit' }

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const one of source) list.push(one)
  return list
}

describe('migration calls', () => {
  const make = useFakeVms()

  const initialize: schema.MigrationInitializeOptions = {
    CompatibilityData: { Data: 'AQID' },
    MemoryTransport: 'TCP',
    Origin: 'Source',
    MemoryTransferThrottleParams: { SkipThrottling: false, ThrottlingScale: 1.5 },
    CompressionSettings: { ThrottleWorkerCount: 2 },
    ChecksumVerification: false,
  }
  const initializeText =
    '{"Origin":"Source","MemoryTransport":"TCP","MemoryTransferThrottleParams":{"SkipThrottling":false,' +
    '"ThrottlingScale":1.5},"CompressionSettings":{"ThrottleWorkerCount":2},"ChecksumVerification":false,' +
    '"CompatibilityData":{"Data":"AQID"}}'

  const rows: [what: string, call: (vm: UtilityVM) => Promise<void>, op: 'start' | 'migrate', argument: string][] = [
    [
      'startWithMigrationOptions',
      (vm) => vm.startWithMigrationOptions({ sessionId: 4_294_967_295, socket: 18_446_744_073_709_551_614n }),
      'start',
      '{"DestinationMigrationOptions":{"NetworkSettings":{"SessionId":4294967295}}} #18446744073709551614',
    ],
    [
      'initializeLiveMigrationOnSource',
      (vm) => vm.initializeLiveMigrationOnSource(initialize),
      'migrate',
      `initialize-source ${initializeText}`,
    ],
    [
      'initializeLiveMigrationOnSource without options',
      (vm) => vm.initializeLiveMigrationOnSource(),
      'migrate',
      'initialize-source {}',
    ],
    [
      'startLiveMigrationOnSource',
      (vm) => vm.startLiveMigrationOnSource({ sessionId: 0, socket: 44n }),
      'migrate',
      'start-source {"NetworkSettings":{"SessionId":0}} #44',
    ],
    [
      'startLiveMigrationTransfer',
      (vm) => vm.startLiveMigrationTransfer({ Origin: 'Destination' }),
      'migrate',
      'transfer {"Origin":"Destination"}',
    ],
    ['startLiveMigrationTransfer without options', (vm) => vm.startLiveMigrationTransfer(), 'migrate', 'transfer {}'],
    [
      'cancelLiveMigration',
      (vm) => vm.cancelLiveMigration({ Origin: 'Source' }),
      'migrate',
      'cancel {"Origin":"Source"}',
    ],
    ['cancelLiveMigration without options', (vm) => vm.cancelLiveMigration(), 'migrate', 'cancel {}'],
    [
      'finalizeLiveMigration',
      (vm) => vm.finalizeLiveMigration({ FinalizedOperation: 'Stop', Origin: 'Source' }),
      'migrate',
      'finalize {"Origin":"Source","FinalizedOperation":"Stop"}',
    ],
    ['finalizeLiveMigration without options', (vm) => vm.finalizeLiveMigration(), 'migrate', 'finalize {}'],
  ]
  for (const [what, call, op, argument] of rows) {
    it(`${what} sends exactly its options`, async () => {
      const { vm, provider } = await make()
      await call(vm)
      assert.deepEqual(
        provider.calls.map((one) => [one.op, one.argument]),
        [[op, argument]],
      )
    })
  }

  it('bad arguments are refused and nothing is sent', async () => {
    const { vm, provider } = await make()
    const configs: [path: string, config: unknown][] = [
      ...[undefined, null, 5, 'x'].map((config): [string, unknown] => ['config', config]),
      ...['1', NaN, Infinity, 1n, undefined].map((sessionId): [string, unknown] => [
        'sessionId',
        { sessionId, socket: 1n },
      ]),
      ...[1, '1', null, undefined, {}, new Readable()].map((socket): [string, unknown] => [
        'socket',
        { sessionId: 1, socket },
      ]),
    ]
    for (const [path, config] of configs) {
      for (const call of [
        vm.startWithMigrationOptions(config as never),
        vm.startLiveMigrationOnSource(config as never),
      ]) {
        assert.equal((await rejectsWith(call, InvalidConfigError)).path, path)
      }
    }
    for (const bad of [null, 'x', 5, [], { Origin: () => 'x' }] as never[]) {
      for (const call of [
        vm.initializeLiveMigrationOnSource(bad),
        vm.startLiveMigrationTransfer(bad),
        vm.cancelLiveMigration(bad),
        vm.finalizeLiveMigration(bad),
      ]) {
        await rejectsWith(call, InvalidConfigError)
      }
    }
    assert.deepEqual(provider.names(), [])
  })

  it('queue with the other changes, and have no default time-out', async () => {
    const provider = new FakeProvider(holding('migrate', 'start'))
    const { vm, clock } = await make({ provider })
    const calls = [
      vm.startWithMigrationOptions({ sessionId: 1, socket: 1n }),
      vm.startLiveMigrationTransfer(),
      vm.finalizeLiveMigration(),
      vm.updateMemory(512),
    ]
    for (const op of ['start', 'migrate', 'migrate'] as const) {
      const held = await provider.next(op)
      clock.advance(10_000_000_000)
      for (const call of calls) assert.equal(await pending(call), true)
      void calls.shift()
      held.resolve()
    }
    await Promise.all(calls)
    assert.deepEqual(provider.names(), ['start', 'migrate', 'migrate', 'modify'])
  })

  it('HCS-091 cancel overtakes a pending transfer, even one that holds the last operation slot', async () => {
    const provider = new FakeProvider((op, argument) =>
      op === 'migrate' && argument.startsWith('transfer') ? undefined : answerAll(op),
    )
    const { vm } = await make({ provider, operations: 1 })
    const transfer = vm.startLiveMigrationTransfer()
    const held = await provider.next('migrate')
    const queued = vm.finalizeLiveMigration({ FinalizedOperation: 'Resume' })
    await vm.cancelLiveMigration()
    assert.deepEqual(
      provider.calls.map(({ argument }) => argument),
      ['transfer {}', 'cancel {}'],
    )
    held.reject(failure(0x80370121))
    await refused(transfer, 0x80370121)
    await queued
  })

  it('HCS-091 cancel after the end is harmless, and without a migration it is refused', async () => {
    const provider = new FakeProvider()
    const { vm } = await make({ provider })
    for (const hresult of [0x80370105, 0xc0370105]) {
      provider.script = (op) => (op === 'migrate' ? failure(hresult) : answerAll(op))
      assert.equal(isInvalidState(await refused(vm.cancelLiveMigration(), hresult)), true)
    }
    provider.script = answerAll
    await vm.initializeLiveMigrationOnSource()
    for (const hresult of [0x80370105, 0xc0370105, 0x80370110, 0x8037010e]) {
      provider.script = (op) => (op === 'migrate' ? failure(hresult) : answerAll(op))
      await vm.cancelLiveMigration()
    }
    provider.script = (op) => (op === 'migrate' ? failure(0x80004005) : answerAll(op))
    await refused(vm.cancelLiveMigration(), 0x80004005)
    provider.script = answerAll
  })

  it('HCS-091 out of order, the service’s refusal reaches the caller', async () => {
    const provider = new FakeProvider((op) => (op === 'migrate' ? failure(0x80370105) : answerAll(op)))
    const { vm } = await make({ provider })
    const error = await refused(vm.finalizeLiveMigration(), 0x80370105)
    assert.equal(error.op, 'vm.finalizeLiveMigration')
    assert.equal(isInvalidState(error), true)
  })

  it('are refused on a closed handle and behind a terminate, and never sent', async () => {
    const provider = new FakeProvider(holding('migrate', 'terminate'))
    const { vm } = await make({ provider })
    const current = vm.startLiveMigrationTransfer()
    const held = await provider.next('migrate')
    const queued = rejectsWith(vm.finalizeLiveMigration(), InvalidStateError)
    const terminating = vm.terminate()
    assert.equal((await queued).state, 'terminating')
    ;(await provider.next('terminate')).resolve()
    held.reject(failure(0x80370107))
    await refused(current, 0x80370107)
    provider.emit('fake', HCS_EVENT.systemExited, EXIT)
    await terminating
    await vm.close()
    for (const call of [
      vm.cancelLiveMigration(),
      vm.initializeLiveMigrationOnSource(),
      vm.startWithMigrationOptions({ sessionId: 1, socket: 1n }),
      vm.startLiveMigrationOnSource({ sessionId: 1, socket: new PassThrough() }),
    ]) {
      assert.equal((await rejectsWith(call, InvalidStateError)).state, 'closed')
    }
    assert.deepEqual(provider.names(), ['migrate', 'terminate', 'close'])
  })

  it('an abort ends the waiting of a transfer, not the transfer', async () => {
    const provider = new FakeProvider(holding('migrate'))
    const { vm } = await make({ provider })
    const abort = new AbortController()
    const transfer = vm.startLiveMigrationTransfer(undefined, { signal: abort.signal })
    const held = await provider.next('migrate')
    abort.abort()
    await rejectsWith(transfer, AbortError)
    const next = vm.updateMemory(512)
    assert.equal(await pending(next), true, 'its turn lasts until it has ended')
    held.resolve()
    await next
  })

  it('a stream is refused where the service takes socket handles only', async () => {
    const { vm, provider } = await make()
    const error = await rejectsWith(
      vm.startLiveMigrationOnSource({ sessionId: 1, socket: new PassThrough() }),
      InvalidConfigError,
    )
    assert.equal(error.path, 'socket')
    assert.deepEqual(provider.names(), [])
  })

  it('a stream reaches the service as a number, and is given up when the call fails', async () => {
    const provider = new FakeProvider()
    const relayed: unknown[] = []
    let released = 0
    const { vm } = await make({
      provider,
      relaySocket: (stream) => {
        relayed.push(stream)
        return { socket: 70n, release: () => released++ }
      },
    })
    const stream = new PassThrough()
    await rejectsWith(
      vm.startLiveMigrationOnSource({ sessionId: 1, socket: stream }, { timeoutMs: 0 }),
      InvalidConfigError,
    )
    assert.deepEqual(relayed, [], 'bad options are found first')
    await vm.startLiveMigrationOnSource({ sessionId: 1, socket: stream })
    assert.deepEqual(relayed, [stream])
    assert.equal(provider.calls[0]?.argument, 'start-source {"NetworkSettings":{"SessionId":1}} #70')
    assert.equal(released, 0)
    provider.script = (op) => (op === 'start' ? failure(0x80070057) : answerAll(op))
    await refused(vm.startWithMigrationOptions({ sessionId: 1, socket: stream }), 0x80070057)
    assert.equal(released, 1)
  })
})

describe('migration notifications', () => {
  const make = useFakeVms()

  it('HCS-092 come in order, to every reader from the moment it asked, and as events', async () => {
    const { vm, provider } = await make()
    const events: OperationSystemMigrationNotificationInfo[] = []
    vm.on('migration', (info) => events.push(info))
    const first = vm.migrationNotifications()
    const sent = ['SetupDone', 'TransferInProgress', 'BlackoutStarted'].map((Event) => ({ Origin: 'Source', Event }))
    provider.emit('fake', MIGRATION, sent[0])
    await vm.propertiesV2([])
    const second = vm.migrationNotifications()
    for (const info of sent.slice(1)) provider.emit('fake', MIGRATION, info)
    provider.emit('fake', HCS_EVENT.systemExited, EXIT)
    assert.deepEqual(await all(first), sent)
    assert.deepEqual(await all(second), sent.slice(1))
    assert.deepEqual(events, sent)
  })

  it('HCS-093 no payload is an empty notification; a malformed one is dropped', async () => {
    const { vm, provider } = await make()
    const reader = vm.migrationNotifications()
    for (const data of ['', 'garbage', '{"Event":', '[]', '5', 'null', '"text"', '['.repeat(30_000)]) {
      provider.emit('fake', MIGRATION, data)
    }
    const last = { Event: 'BlackoutExited', AdditionalDetails: { BlackoutDurationMilliseconds: 412 } }
    provider.emit('fake', MIGRATION, last)
    provider.emit('fake', HCS_EVENT.systemExited, EXIT)
    assert.deepEqual(await all(reader), [{}, last])
  })

  it('keep 1,024 for a reader that is slow, then drop the oldest and count them', async () => {
    const { vm, provider } = await make()
    const reader = vm.migrationNotifications()
    for (let number = 0; number < 1500; number++) {
      provider.emit('fake', MIGRATION, { Event: 'TransferInProgress', AdditionalDetails: { number } })
    }
    await vm.propertiesV2([])
    assert.equal(reader.dropped, 1500 - 1024)
    provider.emit('fake', HCS_EVENT.systemExited, EXIT)
    const seen = await all(reader)
    assert.deepEqual(
      seen.map((info) => (info.AdditionalDetails as { number: number }).number),
      Array.from({ length: 1024 }, (_, index) => index + 476),
    )
  })

  it('HCS-092 a reader that never reads holds up neither its VM nor another', async () => {
    const { vm, provider } = await make()
    const other = await make({ id: 'other' })
    const reader = vm.migrationNotifications()
    for (let number = 0; number < 20_000; number++) provider.emit('fake', MIGRATION, { Event: 'TransferInProgress' })
    await Promise.all([vm.updateMemory(512), other.vm.start(), other.vm.updateMemory(512)])
    assert.equal(reader.dropped, 20_000 - 1024)
  })

  it('wake readers that wait, each with the next one', async () => {
    const { vm, provider } = await make()
    const reader = vm.migrationNotifications()
    const waiting = [reader.next(), reader.next(), reader.next()]
    provider.emit('fake', MIGRATION, { Event: 'SetupDone' })
    provider.emit('fake', MIGRATION, { Event: 'OfflineDone' })
    provider.emit('fake', HCS_EVENT.systemExited, EXIT)
    assert.deepEqual(
      (await Promise.all(waiting)).map((result) => (result.done === true ? 'done' : result.value.Event)),
      ['SetupDone', 'OfflineDone', 'done'],
    )
  })

  it('end when the VM exits, is closed, or contact with the service is lost', async () => {
    const exited = await make()
    const closed = await make()
    const lost = await make()
    const readers = [exited, closed, lost].map(({ vm }) => all(vm.migrationNotifications()))
    exited.provider.emit('fake', HCS_EVENT.systemExited, EXIT)
    await closed.vm.close()
    lost.provider.emit('fake', HCS_EVENT.serviceDisconnect)
    assert.deepEqual(await Promise.all(readers), [[], [], []])
    assert.deepEqual(await all(exited.vm.migrationNotifications()), [])
    assert.deepEqual(await all(closed.vm.migrationNotifications()), [])
  })

  it('a reader that leaves its loop hears no more', async () => {
    const { vm, provider } = await make()
    const reader = vm.migrationNotifications()
    provider.emit('fake', MIGRATION, { Event: 'SetupDone' })
    provider.emit('fake', MIGRATION, { Event: 'MigrationDone' })
    for await (const info of reader) {
      assert.equal(info.Event, 'SetupDone')
      break
    }
    provider.emit('fake', MIGRATION, { Event: 'Unknown' })
    await vm.propertiesV2([])
    assert.deepEqual(await all(reader), [])
    assert.equal(reader.dropped, 0)
  })
})
