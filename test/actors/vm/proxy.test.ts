// A UtilityVM against a fake actor on a bare port: what it sends, what it decides by itself, and what it tells.

import assert from 'node:assert/strict'
import {
  ActorLostError,
  HcsError,
  InvalidConfigError,
  InvalidStateError,
  UtilityVM,
  type ExitStatus,
} from '#dist/index.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { ActorHandlers, ActorPort, Mailbox } from '#dist/actors/mailbox/contract.js'
import { exposeActor } from '#dist/actors/mailbox/expose.js'
import type { ExitNotice, VmNotices, VmRequests } from '#dist/actors/vm/contract.js'
import { toWireError } from '#dist/errors-wire.js'
import { deferred, rejectsWith } from '../../support/expect.js'

const EXIT: ExitNotice = { status: 0, exitType: 'ForcedExit', atMs: 1_700_000_000_000 }

class FakeVmActor {
  readonly asked: [method: string, input: unknown][] = []
  readonly hooks: string[] = []
  readonly vm: UtilityVM
  readonly mailbox: Mailbox<VmRequests, VmNotices>
  readonly port: ActorPort<VmNotices>
  /** Answers other than undefined, by method; may throw. */
  readonly answers = new Map<string, () => unknown>()

  constructor(exit?: ExitNotice) {
    const { local, remote } = newChannel()
    const methods = [
      'create open start startMigrated migrate shutdown pause resume save modify properties',
      'terminate wait checkExit close discard times',
    ].flatMap((names) => names.split(' '))
    const handlers = Object.fromEntries(
      methods.map((method) => [
        method,
        (input: unknown) => {
          this.asked.push([method, input])
          return this.answers.get(method)?.()
        },
      ]),
    )
    const known = handlers as unknown as ActorHandlers<VmRequests>
    this.port = exposeActor<VmRequests, VmNotices>(remote, known, { onStop: () => Promise.resolve() })
    this.mailbox = openMailbox<VmRequests, VmNotices>(local)
    this.vm = new UtilityVM({
      id: 'vm',
      guestOS: 'linux',
      attached: { runtimeId: 'aaaa', token: '1', ...(exit === undefined ? {} : { exit }) },
      mailbox: this.mailbox,
      hooks: {
        exited: (status) => this.hooks.push(`exited ${status.exitType}`),
        closing: () => {
          this.hooks.push('closing')
          return undefined
        },
        closed: () => this.hooks.push('closed'),
      },
    })
  }

  names(): string[] {
    return this.asked.map(([method]) => method)
  }
}

describe('UtilityVM on a fake actor', () => {
  let fake: FakeVmActor

  afterEach(async () => {
    await fake.vm.close()
    await fake.port.closed
  })

  it('asks the actor for each operation, once', async () => {
    fake = new FakeVmActor()
    const { vm } = fake
    await vm.start()
    await vm.pause()
    await vm.save({ SaveType: 'ToFile', SaveStateFilePath: 'C:\\s' })
    await vm.resume()
    await vm.shutdown()
    assert.deepEqual(fake.asked, [
      ['start', { options: '' }],
      ['pause', { options: '' }],
      ['save', { options: '{"SaveType":"ToFile","SaveStateFilePath":"C:\\\\s"}' }],
      ['resume', {}],
      ['shutdown', {}],
    ])
  })

  it('sends a modification as one request, labelled for its errors', async () => {
    fake = new FakeVmActor()
    fake.answers.set('modify', () => {
      throw new HcsError({ op: 'vm.updateMemory', id: 'vm', hresult: 0x8037_0105, path: 'p' })
    })
    const error = await rejectsWith(fake.vm.updateMemory(512), HcsError)
    assert.equal(error.hresultName, 'HCS_E_INVALID_STATE')
    const path = 'VirtualMachine/ComputeTopology/Memory/SizeInMB'
    const request = `{"ResourcePath":"${path}","Settings":512}`
    assert.deepEqual(fake.asked, [['modify', { op: 'vm.updateMemory', path, request }]])
  })

  it('sends nothing for arguments that are wrong, and never throws at once', async () => {
    fake = new FakeVmActor()
    const { vm } = fake
    for (const call of [
      () => vm.addNIC('', {}),
      () => vm.addNIC('a/b', {}),
      () => vm.addSCSIDisk({}, 4, 0),
      () => vm.addSCSIDisk({}, 0, -1),
      () => vm.updateNIC('nic', undefined as never),
      () => vm.save(undefined as never),
      () => vm.propertiesV2('Memory' as never),
      () => vm.start({ timeoutMs: 0 }),
    ])
      await rejectsWith(call(), InvalidConfigError)
    assert.deepEqual(fake.asked, [])
  })

  it('records an exit before it is told, tells it once, and answers from the record from then on', async () => {
    fake = new FakeVmActor()
    const { vm } = fake
    const log: string[] = []
    vm.on('exit', ({ exitType }) => log.push(`exit ${exitType}, ${fake.hooks.join()}`))
    const told = new Promise<ExitStatus>((resolve) => vm.once('exit', resolve))
    await rejectsWith(vm.exitError(), InvalidStateError)
    fake.port.notify('exit', EXIT)
    fake.port.notify('exit', { ...EXIT, exitType: 'GracefulExit' })
    await told
    assert.deepEqual(await vm.wait(), { status: 0, exitType: 'ForcedExit' })
    await vm.terminate()
    await vm.shutdown()
    assert.equal(await vm.exitError(), undefined)
    assert.deepEqual(await vm.stoppedTime(), new Date(EXIT.atMs))
    assert.deepEqual(log, ['exit ForcedExit, exited ForcedExit'])
    assert.deepEqual(fake.names(), [])
  })

  it('an exit from before it was made is told once whoever made it can listen', async () => {
    fake = new FakeVmActor(EXIT)
    const told = new Promise<ExitStatus>((resolve) => fake.vm.once('exit', resolve))
    assert.equal((await told).exitType, 'ForcedExit')
    assert.deepEqual(fake.hooks, ['exited ForcedExit'])
  })

  it('every caller has an exit of its own, and what it does to it is nobody else’s concern', async () => {
    fake = new FakeVmActor(EXIT)
    const mine = await fake.vm.wait()
    mine.exitType = 'Unknown'
    assert.equal((await fake.vm.wait()).exitType, 'ForcedExit')
  })

  it('a terminate of a VM that is over still looks at its options', async () => {
    fake = new FakeVmActor(EXIT)
    await rejectsWith(fake.vm.terminate({ timeoutMs: -1 }), InvalidConfigError)
    await fake.vm.terminate()
    assert.deepEqual(fake.names(), [])
  })

  it('an answer of wait is an exit too, should the notice be missing', async () => {
    fake = new FakeVmActor()
    fake.answers.set('wait', () => EXIT)
    const exits: string[] = []
    fake.vm.on('exit', ({ exitType }) => exits.push(exitType))
    const [first, second] = await Promise.all([fake.vm.wait(), fake.vm.wait()])
    assert.deepEqual(first, second)
    assert.deepEqual(exits, ['ForcedExit'])
  })

  it('an unexpected exit carries its error, rebuilt', async () => {
    const error = new HcsError({ op: 'vm.exit', id: 'vm', hresult: 0xc037_0106 })
    fake = new FakeVmActor({ ...EXIT, exitType: 'UnexpectedExit', error: toWireError(error) })
    const status = await fake.vm.wait()
    assert(status.error instanceof HcsError)
    assert.equal(status.error.hresult, 0xc037_0106)
    assert.equal(await fake.vm.exitError(), status.error)
  })

  it('tells crash reports and the end of the guest connection', async () => {
    fake = new FakeVmActor()
    const report = new Promise((resolve) => fake.vm.once('crash-report', resolve))
    const closed = new Promise<void>((resolve) => fake.vm.once('guest-connection-closed', resolve))
    fake.port.notify('crashReport', { SystemId: 'vm' })
    fake.port.notify('guestConnectionClosed')
    assert.deepEqual(await report, { SystemId: 'vm' })
    await closed
  })

  it('a property answer that is no document is an error, not an empty answer', async () => {
    fake = new FakeVmActor()
    for (const text of ['', '[]', 'null', '5', 'no json']) {
      fake.answers.set('properties', () => text)
      await rejectsWith(fake.vm.propertiesV2([]), HcsError)
    }
    fake.answers.set('properties', () => '{"Memory":{"VirtualMachineMemory":{"AssignedMemory":18446744073709551615}}}')
    const { Memory: memory } = await fake.vm.propertiesV2(['Memory'])
    assert.equal(memory?.VirtualMachineMemory?.AssignedMemory, 18446744073709551615n)
  })

  it('close refuses what comes after it here, and ends the actor once', async () => {
    fake = new FakeVmActor()
    const { vm } = fake
    await Promise.all([vm.close(), vm.close({ timeoutMs: 1000 })])
    await vm.close()
    assert.deepEqual(fake.hooks, ['closing', 'closed'])
    for (const call of [() => vm.start(), () => vm.updateMemory(1), () => vm.wait(), () => vm.propertiesV3({})])
      assert.equal((await rejectsWith(call(), InvalidStateError)).state, 'closed')
    await vm.terminate()
    await vm.shutdown()
    assert.deepEqual(new Set(fake.names()), new Set(['close']))
  })

  it('a lost actor loses what is in flight, and still closes', async () => {
    fake = new FakeVmActor()
    const { promise } = deferred()
    fake.answers.set('start', () => promise)
    const starting = rejectsWith(fake.vm.start(), ActorLostError)
    fake.mailbox.lose(new Error('its thread died'))
    await starting
    await rejectsWith(fake.vm.pause(), ActorLostError)
    await fake.vm.close()
    assert.deepEqual(fake.hooks, ['closing', 'closed'])
  })
})
