// A Guest against a fake actor on a bare port: what it sends, what it decides by itself, and what it tells.

import assert from 'node:assert/strict'
import {
  ActorLostError,
  BridgeClosedError,
  Guest,
  GuestConnectionUnavailableError,
  GuestRPCError,
  InvalidConfigError,
  InvalidStateError,
  OperationTimeoutError,
  UnsupportedGuestError,
  type GuestOS,
} from '#dist/index.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { ActorHandlers, ActorPort, Mailbox } from '#dist/actors/mailbox/contract.js'
import { exposeActor } from '#dist/actors/mailbox/expose.js'
import type { GuestNotices, GuestRequests } from '#dist/actors/gcs/contract.js'
import { toWireError } from '#dist/errors-wire.js'
import { rejectsWith } from '../../support/expect.js'

class FakeGuestActor {
  readonly asked: [method: string, input: unknown][] = []
  readonly hooks: string[] = []
  readonly guest: Guest
  readonly mailbox: Mailbox<GuestRequests, GuestNotices>
  readonly port: ActorPort<GuestNotices>
  stops = 0
  neverStarted = false
  readonly answers = new Map<string, () => unknown>()

  constructor(guestOS: GuestOS = 'linux') {
    const { local, remote } = newChannel()
    const methods = [
      'arm prepare connect disconnect negotiated modify dumpStacks vmExited deleteContainerState noticeTaken',
      'createContainer discardContainer',
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
    this.port = exposeActor<GuestRequests, GuestNotices>(remote, handlers as unknown as ActorHandlers<GuestRequests>, {
      onStop: async () => void this.stops++,
    })
    this.mailbox = openMailbox<GuestRequests, GuestNotices>(local)
    this.guest = new Guest({
      vmId: 'vm',
      guestOS,
      mailbox: this.mailbox,
      hooks: {
        neverStarted: () => this.neverStarted,
        dropped: (what, count) => this.hooks.push(`dropped ${count} ${what}`),
        disconnected: (error) => this.hooks.push(`disconnected ${error?.message ?? 'on purpose'}`),
        reconnected: () => this.hooks.push('reconnected'),
        closed: () => this.hooks.push('closed'),
      },
    })
  }
}

describe('Guest on a fake actor', () => {
  let fake: FakeGuestActor

  afterEach(async () => {
    await fake.guest.close()
    await fake.port.closed
  })

  it('sends a change as one request in the order of the schema, labelled for its errors', async () => {
    fake = new FakeGuestActor()
    await fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/mnt/a', Lun: 1, Controller: 0 })
    const [asked] = fake.asked
    assert.equal(asked?.[0], 'modify')
    const { request, op } = asked[1] as { request: string; op: string }
    assert.equal(op, 'guest.addLCOWMappedVirtualDisk')
    assert.match(
      request,
      /^\{"RequestType":"Add","ResourceType":"MappedVirtualDisk","Settings":\{"MountPath":"\/mnt\/a","Lun":1/,
    )
  })

  it('a failing answer is the guest’s error with the caller’s stack', async () => {
    fake = new FakeGuestActor()
    fake.answers.set('dumpStacks', () => {
      throw new GuestRPCError({ op: 'guest.dumpStacks', id: 'vm', result: -1070137074, errorMessage: 'gone' })
    })
    async function mine(): Promise<string> {
      return await fake.guest.dumpStacks()
    }
    const error = await rejectsWith(mine(), GuestRPCError)
    assert.equal(error.result, 0xc037_010e)
    assert.match(error.stack ?? '', /mine/)
  })

  it('sends nothing that is wrong, or meant for the other system', async () => {
    fake = new FakeGuestActor('windows')
    await rejectsWith(fake.guest.addLCOWMappedVirtualDisk({}), UnsupportedGuestError)
    await rejectsWith(fake.guest.addWCOWMappedVirtualDisk('x' as never), InvalidConfigError)
    await rejectsWith(fake.guest.prepareConnection('not a guid'), InvalidConfigError)
    await rejectsWith(fake.guest.addNetworkInterface('', 'Add'), InvalidConfigError)
    assert.deepEqual(fake.asked, [])
  })

  it('a connect that waits in vain says when the VM was never started, and only then', async () => {
    fake = new FakeGuestActor()
    fake.answers.set('connect', () => new Promise(() => undefined))
    const fails = (): Promise<OperationTimeoutError> =>
      rejectsWith(fake.guest.createConnection({ timeoutMs: 5 }), OperationTimeoutError)
    assert.doesNotMatch((await fails()).message, /never started/)
    fake.neverStarted = true
    assert.match((await fails()).message, /the VM was never started: call its start\(\)/)
  })

  it('a container whose caller gave up is given back by its key', async () => {
    fake = new FakeGuestActor()
    fake.answers.set('createContainer', () => {
      throw new GuestRPCError({ op: 'guest.createContainer', id: 'vm:c', result: -2147467259, errorMessage: 'no' })
    })
    await rejectsWith(fake.guest.createContainer('c', {}), GuestRPCError)
    await fake.guest.dumpStacks()
    const [created, given] = ['createContainer', 'discardContainer'].map(
      (name) => fake.asked.find(([method]) => method === name)?.[1] as { key: number } | undefined,
    )
    assert.equal(given?.key, created?.key)
    assert.equal(typeof given?.key, 'number')
  })

  it('tells what of its log was dropped, before what follows it', async () => {
    fake = new FakeGuestActor()
    const told: unknown[] = []
    fake.guest.on('dropped', (what, count) => told.push([what, count]))
    fake.guest.on('log', ({ message }) => told.push(message))
    fake.guest.takeLogs({ entries: [{ level: 'info', message: 'next', fields: {} }], dropped: 3 })
    assert.deepEqual(told, [['log', 3], 'next'])
  })

  it('whoever reads its events comes to their end when it is closed', async () => {
    fake = new FakeGuestActor()
    const reading = (async () => {
      for await (const _ of fake.guest.events('log')) assert.fail('nothing was said')
    })()
    await fake.guest.close()
    await reading
  })

  it('gives back the credit of each warning, and tells how many were dropped before it', async () => {
    fake = new FakeGuestActor()
    const told: unknown[] = []
    fake.guest.on('dropped', (what, count) => told.push([what, count]))
    fake.guest.on('warning', ({ message }) => told.push(message))
    for (const [message, dropped] of [['first'], ['second', 3]] as [string, number?][]) {
      fake.port.notify('warning', toWireError(new Error(message)), ...(dropped === undefined ? [] : [dropped]))
    }
    await fake.guest.dumpStacks()
    assert.deepEqual(told, ['first', ['warning', 3], 'second'])
    assert.deepEqual(fake.hooks, ['dropped 3 warning'])
    // The answers of one round trip later everything that was sent before it has arrived.
    await fake.guest.dumpStacks()
    assert.equal(fake.asked.filter(([method]) => method === 'noticeTaken').length, 2)
  })

  it('tells a disconnect with its error, warnings and the log', async () => {
    fake = new FakeGuestActor()
    const { guest, port } = fake
    const told = Promise.all([
      new Promise<Error | undefined>((resolve) => guest.once('disconnected', resolve)),
      new Promise<Error>((resolve) => guest.once('warning', resolve)),
      new Promise((resolve) => guest.once('log', resolve)),
    ])
    port.notify('disconnected', toWireError(new BridgeClosedError({ id: 'vm', reason: 'end of stream' })))
    port.notify('warning', toWireError(new Error('no entropy')))
    guest.takeLogs({ entries: [{ level: 'info', timeMs: 5, message: 'hello', fields: { a: 1 } }], dropped: 0 })
    const [error, warning, record] = await told
    assert(error instanceof BridgeClosedError)
    assert.equal(warning.message, 'no entropy')
    assert.deepEqual(record, { level: 'info', message: 'hello', fields: { a: 1 }, time: new Date(5) })
    assert.match(fake.hooks.join(), /^disconnected .*end of stream$/)
  })

  it('an exit of the VM refuses what comes after it here, and tells the actor', async () => {
    fake = new FakeGuestActor()
    const cause = new InvalidStateError({ id: 'vm', state: 'exited', reason: 'the VM has exited' })
    fake.guest.vmExited(cause)
    fake.guest.vmExited(cause)
    const error = await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
    assert(error.cause instanceof BridgeClosedError)
    assert.equal(error.cause.cause, cause)
    await fake.guest.closeConnection()
    await fake.mailbox.call('negotiated', {}, { op: 'test' })
    assert.equal(fake.asked.filter(([method]) => method === 'vmExited').length, 1)
    assert.equal(
      fake.asked.some(([method]) => method === 'dumpStacks'),
      false,
    )
  })

  it('close stops the actor once, from any state, and refuses what comes after it', async () => {
    fake = new FakeGuestActor()
    await Promise.all([fake.guest.close(), fake.guest.close()])
    await fake.guest.close()
    assert.equal(fake.stops, 1)
    assert.deepEqual(fake.hooks, ['closed'])
    await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
    await rejectsWith(fake.guest.createConnection(), InvalidStateError)
    assert.equal(await fake.guest.isConnected(), false)
    assert.equal(await fake.guest.capabilities(), undefined)
    await fake.guest.closeConnection()
  })

  it('a lost actor loses what is in flight, and still closes', async () => {
    fake = new FakeGuestActor()
    fake.answers.set('dumpStacks', () => new Promise(() => undefined))
    const lost = rejectsWith(fake.guest.dumpStacks(), ActorLostError)
    fake.mailbox.lose(new Error('its thread died'))
    await lost
    await fake.guest.close()
    assert.deepEqual(fake.hooks, ['closed'])
  })
})
