// The fakes of uvm-actors/testing: what is written down, how they answer, and what they say when they were told nothing.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import {
  AbortError,
  BridgeClosedError,
  HcsError,
  InvalidConfigError,
  InvalidStateError,
  isNotExist,
  lcowBuilder,
  OperationTimeoutError,
  Simulation,
  UtilityVMBuilder,
} from '#dist/index.js'
import * as testing from '#dist/testing/index.js'
import {
  CallLog,
  execOutput,
  FakeContainer,
  FakeGuest,
  FakeHost,
  FakeProcess,
  FakeVM,
  UnscriptedCallError,
} from '#dist/testing/index.js'
import { FAKE_OPTIONS } from '#dist/testing/scripted.js'
import { GUEST_FAKE_OPTIONS } from '#dist/testing/fake-guest.js'
import { HOST_FAKE_OPTIONS } from '#dist/testing/fake-host.js'
import { PROCESS_OPTIONS } from '#dist/testing/fake-process.js'
import { VM_FAKE_OPTIONS } from '#dist/testing/fake-vm.js'
import type { OptionTable } from '#dist/options/table.js'
import { GUEST_METHOD_NAMES } from '#dist/protocol/guest-resources/methods.js'
import { HOST_METHODS } from '#dist/protocol/host-modifications/index.js'
import { runNode } from '../support/child.js'
import { rejectsWith } from '../support/expect.js'

type Method = (...args: unknown[]) => Promise<unknown>
const method = (fake: object, name: string): Method => (fake as Record<string, Method>)[name]!.bind(fake)

describe('a fake', () => {
  const error = new HcsError({ op: 'vm.start', id: 'a', hresult: 0x8007_0005 })

  it('writes each call down: operation, of what, and the arguments as they were', async () => {
    const log = new CallLog()
    const vm = new FakeVM({ id: 'a', log }).allow('start', 'addSCSIDisk')
    const guest = new FakeGuest({ id: 'a', log }).always('execInUVM', { value: 3 })
    const disk = { Type: 'VirtualDisk' as const, Path: 'd' }
    await vm.start({ timeoutMs: 5 })
    await vm.addSCSIDisk(disk, 0, 1)
    assert.equal(await guest.execInUVM({ args: ['true'] }), 3)
    assert.deepEqual(log.calls, [
      { op: 'vm.start', id: 'a', args: [{ timeoutMs: 5 }] },
      { op: 'vm.addSCSIDisk', id: 'a', args: [disk, 0, 1] },
      { op: 'guest.execInUVM', id: 'a', args: [{ args: ['true'] }] },
    ])
    assert.deepEqual(log.ops, ['vm.start', 'vm.addSCSIDisk', 'guest.execInUVM'])
    assert.equal(log.of('vm.start', 'b').length, 0)
    log.clear()
    assert.deepEqual(log.calls, [])
    await vm.start()
    assert.equal(log.calls.length, 1)
  })

  it('answers with a value, an error, or what a function gives', async () => {
    const vm = new FakeVM({ id: 'a' })
    vm.always('propertiesV2', { value: { State: 'Running' } }).always('pause', { error })
    vm.always('save', { run: ({ SaveStateFilePath }) => void assert.equal(SaveStateFilePath, 'f') })
    assert.deepEqual(await vm.propertiesV2([]), { State: 'Running' })
    assert.equal(await rejectsWith(vm.pause(), HcsError), error)
    await vm.save({ SaveStateFilePath: 'f' })
    await assert.rejects(vm.save({ SaveStateFilePath: 'g' }), assert.AssertionError)
  })

  it('answers in sequence, then as always, then not any more', async () => {
    const vm = new FakeVM({ id: 'a' }).next('start', { error }, { value: undefined }).next('start', { error })
    const outcomes = async (): Promise<boolean[]> => {
      const settled = await Promise.allSettled([vm.start(), vm.start(), vm.start(), vm.start()])
      return settled.map(({ status }) => status === 'fulfilled')
    }
    assert.deepEqual(await outcomes(), [false, true, false, false])
    const { message } = await rejectsWith(vm.start(), UnscriptedCallError)
    assert.match(message, /^vm.start "a": its 3 scripted answers are used up; say vm.allow\('start'\), vm.always/)
    vm.allow('start').next('start', { error })
    assert.deepEqual(await outcomes(), [false, true, true, true])
  })

  it('that never answers ends with its caller’s signal or time', async () => {
    const vm = new FakeVM({ id: 'a' }).always('start', { never: true })
    const controller = new AbortController()
    const starting = vm.start({ signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    const aborted = await rejectsWith(starting, AbortError)
    assert.deepEqual([aborted.op, aborted.id, aborted.cause], ['vm.start', 'a', reason])
    assert.equal((await rejectsWith(vm.start({ timeoutMs: 1 }), OperationTimeoutError)).timeoutMs, 1)
    // Also where the options have more than that, and where a function never answers.
    const guest = new FakeGuest().always('createConnection', { run: () => new Promise(() => undefined) })
    await rejectsWith(guest.createConnection({ coldStart: true, timeoutMs: 1 }), OperationTimeoutError)
    assert.equal(await guest.isConnected(), false)
  })

  it('that never answers within its time keeps a process alive for so long, and no longer', async () => {
    const { code, stdout, stderr } = await runNode('build/test/testing/never.js')
    assert.deepEqual([code, stdout, stderr], [0, 'OperationTimeoutError\n', ''])
  })

  it('does nothing for a call that was given up before: it is written down, and its answer stays', async () => {
    const vm = new FakeVM().next('start', { value: undefined })
    await rejectsWith(vm.start({ signal: AbortSignal.abort() }), AbortError)
    await vm.start()
    assert.equal(vm.log.of('vm.start').length, 2)
    vm.log.verify()
  })

  const fakes: [name: string, make: () => object, byDefault: string[], known: readonly string[]][] = [
    ['vm', () => new FakeVM(), ['wait', 'terminate', 'exitError', 'close'], Object.keys(HOST_METHODS)],
    [
      'guest',
      () => new FakeGuest(),
      ['isConnected', 'createContainer', 'openContainer', 'closeConnection', 'close'],
      GUEST_METHOD_NAMES,
    ],
    ['container', () => new FakeContainer(), ['wait', 'terminate', 'close'], ['start', 'createProcess']],
    ['process', () => new FakeProcess(), ['wait', 'exitCode', 'kill', 'closeStdin', 'close'], ['signal']],
    ['host', () => new FakeHost(), ['createVM', 'openVM', 'createGuest', 'close'], ['listVMs', 'recover', 'stats']],
  ]
  for (const [label, make, byDefault, known] of fakes) {
    it(`says of each call of a ${label} that nothing was scripted, and how it would be`, async () => {
      const base = Object.getPrototypeOf(Object.getPrototypeOf(make())) as object
      const names = Object.getOwnPropertyNames(base).filter((name) => name !== 'constructor')
      for (const name of [...known, ...byDefault]) assert(names.includes(name), name)
      for (const name of names.filter((name) => !byDefault.includes(name))) {
        const fake = make() as { log: CallLog }
        const refused = await rejectsWith(method(fake, name)({}, {}, {}), UnscriptedCallError)
        assert.equal(refused.op, `${label}.${name}`)
        assert.match(
          refused.message,
          new RegExp(`nothing is scripted for this call; say .*${label}.always\\('${name}'`),
        )
        assert.deepEqual(fake.log.unscripted, [refused])
        assert.throws(() => fake.log.verify(), { message: refused.message })
      }
    })
  }

  it('lets through what answers nothing, when it is told to, and what it makes does so too', async () => {
    const host = new FakeHost({ unscripted: 'resolve' })
    const vm = await host.createVM('a', {})
    const guest = await host.createGuest(vm)
    await vm.start()
    await guest.createConnection()
    await rejectsWith(guest.exec({ args: ['x'] }), UnscriptedCallError)
  })

  it('knows its methods, its answers and its options: a misspelt one is named, and what was meant', () => {
    const vm = new FakeVM()
    for (const [script, message] of [
      [() => vm.always('strat' as never, { value: undefined } as never), /no such method; did you mean start\?/],
      [() => vm.next('on' as never, { value: undefined } as never), /no such method/],
      [() => vm.allow('toString' as never), /no such method/],
      [() => vm.always('start', { valeu: 1 } as never), /no such option; did you mean value\?/],
      [() => vm.always('start', {} as never), /expected one of value, error, run and never/],
      [() => vm.always('start', { value: undefined, never: true } as never), /expected one of/],
      [() => vm.next('start', { error: 'text' as never }), /error: expected an Error/],
      [() => vm.next('start', undefined as never), /expected an object/],
      [() => vm.exits({} as never), /exitType: expected a string/],
      [() => new FakeProcess().exits(1.5), /exitCode: expected an integer/],
      [() => new FakeHost().vm('a'), /there is no such VM/],
    ] as const) {
      assert.throws(
        script,
        (error) => error instanceof InvalidConfigError && message.test(error.message),
        String(message),
      )
    }
    const made: [table: OptionTable<never>, make: (options: never) => unknown][] = [
      [FAKE_OPTIONS, (options) => new FakeContainer(options)],
      [GUEST_FAKE_OPTIONS, (options) => new FakeGuest(options)],
      [VM_FAKE_OPTIONS, (options) => new FakeVM(options)],
      [HOST_FAKE_OPTIONS, (options) => new FakeHost(options)],
      [PROCESS_OPTIONS, (options) => new FakeProcess(options)],
    ]
    for (const [{ names }, make] of made) {
      for (const name of names) {
        const wrong = new RegExp(
          `^InvalidConfigError: \\w+ script: ${name}${name.slice(-1)}: no such option; did you mean ${name}\\?`,
        )
        assert.throws(() => make({ [name + name.slice(-1)]: 1 } as never), wrong)
        assert.throws(() => make({ [name]: Symbol('bad') } as never), InvalidConfigError)
      }
    }
  })

  it('tells at the end of a test which answers nobody asked for', async () => {
    const vm = new FakeVM({ id: 'a' }).next('start', { value: undefined }, { value: undefined })
    await vm.start()
    assert.throws(() => vm.log.verify(), { message: 'vm.start "a": 1 scripted answer was not asked for' })
    await vm.start()
    vm.log.verify()
  })

  it('says when a call is made, be it before or after it is asked', async () => {
    const vm = new FakeVM().always('start', { never: true })
    const second = vm.log.called('vm.start', 2)
    const controller = new AbortController()
    const { signal } = controller
    const starting = [vm.start(), vm.start({ signal })]
    assert.deepEqual((await second).args, [{ signal }])
    assert.deepEqual((await vm.log.called('vm.start')).args, [])
    controller.abort()
    await rejectsWith(starting[1]!, AbortError)
  })
})

describe('a fake VM', () => {
  it('ends when it is told, once, and says so to all who listen and wait', async () => {
    const vm = new FakeVM({ id: 'a' })
    assert.equal(vm.exit, undefined)
    await rejectsWith(vm.exitError(), InvalidStateError)
    const told = once(vm as never, 'exit')
    const waiting = vm.wait()
    vm.exits({ exitType: 'UnexpectedExit', status: 0xc037_0106 }).exits({ exitType: 'GracefulExit' })
    const exit = { status: 0xc037_0106, exitType: 'UnexpectedExit' }
    assert.deepEqual([await told, await waiting, await vm.wait(), vm.exit], [[exit], exit, exit, exit])
    assert.equal(await vm.exitError(), undefined)
  })

  it('has ended by force behind a terminate that nothing else was scripted for', async () => {
    const vm = new FakeVM()
    await vm.terminate()
    assert.equal((await vm.wait()).exitType, 'ForcedExit')
    const stubborn = new FakeVM().allow('terminate')
    await stubborn.terminate()
    assert.equal(stubborn.exit, undefined)
  })

  it('tells what it is told to: events, and the progress of a migration to its readers', async () => {
    const vm = new FakeVM()
    const told = once(vm as never, 'crash-report')
    const reports = vm.events('crash-report')
    const notes = vm.migrationNotifications()
    vm.emit('crash-report', { Crash: 1 })
    vm.emit('migration', { Origin: 'Source' })
    assert.deepEqual(await told, [{ Crash: 1 }])
    await vm.close()
    assert.deepEqual((await reports.next()).value, [{ Crash: 1 }])
    assert.deepEqual(
      [await notes.next(), (await notes.next()).done],
      [{ done: false, value: { Origin: 'Source' } }, true],
    )
    assert.equal((await vm.migrationNotifications().next()).done, true)
  })

  it('ends its waits when it is closed before it has ended', async () => {
    const vm = new FakeVM()
    const waiting = vm.wait()
    await vm[Symbol.asyncDispose]()
    assert.equal((await rejectsWith(waiting, InvalidStateError)).state, 'closed')
  })
})

describe('a fake process', () => {
  it('has written what it was given, and ended so', async () => {
    const process = new FakeProcess({
      stdout: ['one ', Buffer.from('two')],
      stderr: 'oh',
      exitCode: 3,
      pid: 7,
      of: 'a:c',
    })
    assert.deepEqual([await text(process.stdout!), await text(process.stderr!)], ['one two', 'oh'])
    assert.deepEqual([await process.wait(), await process.exitCode()], [{ exitCode: 3, known: true }, 3])
    assert.deepEqual(process.save(), { pid: 7, waitId: 7n, ports: {} })
    assert.equal(await process.kill(), false)
    assert.equal(process.log.calls[0]!.id, 'a:c:7')
  })

  it('runs until it is told to end; its output may come by hand, and its input is kept', async () => {
    const process = new FakeProcess({ stderr: null })
    assert.equal(process.stderr, null)
    const waiting = process.wait()
    await rejectsWith(process.exitCode(), InvalidStateError)
    process.stdin!.write('in')
    await process.closeStdin()
    await process.closeStdin()
    assert.equal(process.written.toString(), 'in')
    process.stdout!.write('out')
    process.exits(0, false).exits(1)
    assert.deepEqual([await waiting, await text(process.stdout!)], [{ exitCode: 0, known: false }, 'out'])
  })

  it('is ended by kill, and loses its streams with close', async () => {
    const process = new FakeProcess({ stdin: false })
    await process.closeStdin()
    assert.deepEqual([process.stdin, await process.kill()], [null, true])
    assert.equal((await process.wait()).exitCode, 137)
    await process[Symbol.asyncDispose]()
    assert.equal(process.stdout!.destroyed, true)
  })
})

describe('a fake guest', () => {
  it('is connected as its calls and its test say', async () => {
    const guest = new FakeGuest().allow('createConnection')
    const lost = new Error('cut')
    const told: unknown[] = []
    guest.on('disconnected', (...error) => void told.push(...error, 'disconnected'))
    guest.disconnects()
    assert.deepEqual([await guest.isConnected(), told], [false, []])
    await guest.createConnection()
    assert.equal(await guest.isConnected(), true)
    guest.disconnects(lost)
    assert.deepEqual([await guest.isConnected(), told], [false, [lost, 'disconnected']])
    await guest.createConnection()
    await guest.closeConnection()
    assert.deepEqual([await guest.isConnected(), told.length], [false, 3])
  })

  it('makes containers, whose end it tells, and whose waits end with it', async () => {
    const guest = new FakeGuest({ id: 'a', onContainer: (container) => container.allow('start') })
    const container = await guest.createContainer('c', {})
    await container.start()
    assert.equal(await guest.openContainer('c'), container)
    const told = [once(guest as never, 'container-exited'), once(container as never, 'exited')]
    const waiting = container.wait()
    guest.containers[0]!.exits().exits()
    await waiting
    assert.deepEqual(await Promise.all(told), [['c'], []])
    assert.deepEqual(guest.log.of('container.start', 'a:c').length, 1)
    const other = await guest.openContainer('d')
    const lost = rejectsWith(other.wait(), BridgeClosedError)
    await guest.close()
    await lost
    const ended = await guest.createContainer('e', {})
    await ended.terminate()
    await ended.wait()
  })

  it('gives the processes that it was given', async () => {
    const process = new FakeProcess({ exitCode: 0 })
    const guest = new FakeGuest().next('createProcess', { value: process })
    assert.equal(await guest.createProcess({ CommandLine: 'x' }), process)
    const output = execOutput('o', { exitCode: 2, stderr: 'e' })
    assert.deepEqual(output, { exitCode: 2, stdout: Buffer.from('o'), stderr: Buffer.from('e'), truncated: false })
  })
})

describe('a fake Host', () => {
  it('makes VMs and guests, each with a script of its own, and one log of all', async () => {
    const host = new FakeHost({
      onVM: (vm) => vm.allow('start'),
      onGuest: (guest, vm) => guest.emit('warning', new Error(vm.id)),
    })
    const created = once(host as never, 'guest-created')
    const a = await host.createVM('a', lcowBuilder('me'))
    const b = await host.createVM('b', new UtilityVMBuilder('me', 'windows'))
    const c = await host.createVM('c', {}, { guestOS: 'windows' })
    assert.deepEqual([a.guestOS, b.guestOS, c.guestOS], ['linux', 'windows', 'windows'])
    assert.equal(new Set([a, b, c].map(({ runtimeId }) => runtimeId)).size, 3)
    assert.deepEqual([host.vms, host.vm('b')], [[a, b, c], b])
    await a.start()
    const guest = await host.createGuest(a)
    assert.deepEqual([host.guestOf(host.vm('a')), await created], [guest, ['a']])
    assert.equal((await rejectsWith(host.createGuest(a), InvalidStateError)).state, 'guest-exists')
    await rejectsWith(host.createGuest(new FakeVM()), InvalidConfigError)
    assert.deepEqual(host.log.ops.slice(0, 5), [
      'host.createVM',
      'host.createVM',
      'host.createVM',
      'vm.start',
      'host.createGuest',
    ])
    assert.equal(host.ref().unref(), host)
  })

  it('has each id once among those that live', async () => {
    const host = new FakeHost()
    const vm = await host.createVM('a', {})
    assert.equal(await host.openVM('a'), vm)
    assert.equal((await rejectsWith(host.createVM('a', {}), HcsError)).hresultName, 'HCS_E_SYSTEM_ALREADY_EXISTS')
    host.vm('a').exits({ exitType: 'GracefulExit' })
    assert(isNotExist(await rejectsWith(host.openVM('a'), HcsError)))
    assert.notEqual(await host.createVM('a', {}), vm)
  })

  it('tells of its VMs and guests, which end as real ones do', async () => {
    const host = new FakeHost({ unscripted: 'resolve' })
    const vm = await host.createVM('a', {})
    const guest = await host.createGuest(vm)
    await guest.createConnection()
    const exits = host.events('vm-exited')
    const cuts = host.events('guest-disconnected')
    const fake = host.vm('a')
    host.guestOf(fake)!.disconnects(new Error('cut'))
    fake.exits({ exitType: 'UnexpectedExit' })
    assert.equal(host.guestOf(fake), undefined)
    assert.deepEqual((await exits.next()).value, ['a', { status: 0, exitType: 'UnexpectedExit' }])
    assert.deepEqual((await cuts.next()).value, ['a', new Error('cut')])
    await vm.close()
    assert.deepEqual(host.vms, [])
    const other = await host.createVM('b', {})
    await host.createGuest(other)
    const waiting = rejectsWith(other.wait(), InvalidStateError)
    await host[Symbol.asyncDispose]()
    await waiting
    assert.deepEqual([host.vms, host.guestOf(other as FakeVM), (await exits.next()).done], [[], undefined, true])
  })
})

describe('uvm-actors/testing', () => {
  it('has the simulation too, the same as the root', () => {
    assert.equal(testing.Simulation, Simulation)
    assert.deepEqual(Object.keys(testing).sort(), [
      'CallLog',
      'FakeContainer',
      'FakeGuest',
      'FakeHost',
      'FakeProcess',
      'FakeVM',
      'SimulatedService',
      'Simulation',
      'SimulationStuckError',
      'UnscriptedCallError',
      'execOutput',
    ])
  })
})
