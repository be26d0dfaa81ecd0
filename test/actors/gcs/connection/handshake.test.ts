// The handshake and the life of a connection.

import assert from 'node:assert/strict'
import {
  AbortError,
  BridgeClosedError,
  GuestConnectionUnavailableError,
  GuestRPCError,
  InvalidConfigError,
  InvalidStateError,
  OperationTimeoutError,
  ProtocolError,
  UnsupportedGuestError,
} from '#dist/index.js'
import { fakeGuest, RUNTIME_ID, type FakeGuest } from '../../../fakes/guest.js'
import { LINUX_CAPABILITIES, TYPE, WINDOWS_CAPABILITIES } from '../../../peer/peer.js'
import { pending, rejectsWith } from '../../../support/expect.js'

const NULL_ID = '00000000-0000-0000-0000-000000000000'

describe('handshake', () => {
  let fake: FakeGuest
  async function make(...options: Parameters<typeof fakeGuest>): Promise<FakeGuest> {
    return (fake = await fakeGuest(...options))
  }
  afterEach(() => fake.close())

  /** The guest answers the negotiation so; the connect must fail and the transport be closed. */
  async function fails<E extends Error>(
    answer: object | string,
    type: abstract new (...args: never[]) => E,
    guestOS: 'linux' | 'windows' = 'linux',
  ): Promise<E> {
    await make(guestOS)
    const connecting = fake.guest.createConnection()
    connecting.catch(() => undefined)
    const peer = await fake.dial()
    peer.answer(await peer.next(TYPE.negotiate), answer)
    const error = await rejectsWith(connecting, type)
    await peer.closed
    assert.equal(await fake.guest.isConnected(), false)
    assert.equal(await fake.guest.capabilities(), undefined)
    return error
  }

  for (const version of [3, 5, 0, undefined]) {
    it(`GCSH-033 a guest that chooses version ${version} is refused`, async () => {
      const error = await fails({ Version: version, Capabilities: LINUX_CAPABILITIES }, ProtocolError)
      assert.equal(error.op, 'guest.createConnection')
      assert.equal(error.id, 'vm')
    })
  }

  for (const [name, expected] of [
    ['Linux', 'linux'],
    ['linux', 'linux'],
    ['WINDOWS', 'windows'],
    [undefined, 'windows'],
  ] as const) {
    it(`GCSH-034 RuntimeOsType ${name} is ${expected}`, async () => {
      await make(expected)
      const connecting = fake.guest.createConnection({ coldStart: false })
      const peer = await fake.dial()
      const { RuntimeOsType: _, ...capabilities } = LINUX_CAPABILITIES
      peer.answer(await peer.next(TYPE.negotiate), {
        Version: 4,
        Capabilities: { ...capabilities, ...(name === undefined ? {} : { RuntimeOsType: name }) },
      })
      await connecting
      assert.equal((await fake.guest.capabilities())?.guestOS, expected)
    })
  }

  for (const os of ['Windows', 'BeOS', 'linux2']) {
    it(`a guest of a Linux VM that says it is ${os} is refused`, async () => {
      const capabilities = { ...LINUX_CAPABILITIES, RuntimeOsType: os }
      await fails({ Version: 4, Capabilities: capabilities }, UnsupportedGuestError)
    })
  }

  it('GCSH-035 capabilities without GuestDefinedCapabilities are refused', async () => {
    await fails({ Version: 4, Capabilities: { RuntimeOsType: 'Linux' } }, ProtocolError)
  })

  for (const defined of [null, {}]) {
    it(`GCSH-036 GuestDefinedCapabilities ${JSON.stringify(defined)}: all false`, async () => {
      await make()
      const connecting = fake.guest.createConnection()
      const peer = await fake.dial()
      peer.answer(await peer.next(), {
        Version: 4,
        Capabilities: { RuntimeOsType: 'Linux', GuestDefinedCapabilities: defined },
      })
      await connecting
      const capabilities = await fake.guest.capabilities()
      assert.deepEqual(new Set(Object.values(capabilities?.GuestDefinedCapabilities ?? {})), new Set([false]))
      assert.equal(capabilities?.SendHostCreateMessage, false)
      await rejectsWith(fake.guest.dumpStacks(), UnsupportedGuestError)
    })
  }

  it('GCSH-037 a cold start sends Create, then Start, each after the previous answer', async () => {
    await make('windows')
    const connecting = fake.guest.createConnection()
    const peer = await fake.dial()
    peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
    const create = await peer.next(TYPE.create)
    assert.equal(create.body['ContainerId'], NULL_ID)
    assert.equal(await pending(connecting), true)
    assert.equal(peer.unread, 0)
    peer.answer(create)
    const start = await peer.next(TYPE.start)
    assert.equal(start.body['ContainerId'], NULL_ID)
    assert.equal(peer.unread, 0)
    peer.answer(start)
    const update = await peer.next(TYPE.modify)
    assert.deepEqual(update.body['Request'], {
      RequestType: 'Update',
      ResourceType: 'HvSocket',
      Settings: { LocalAddress: RUNTIME_ID, ParentAddress: '894cc2d6-9d79-424f-93fe-42969ae6d8d1' },
    })
    peer.answer(update)
    await connecting
  })

  it('GCSH-038 without SendHostCreateMessage neither is sent', async () => {
    await make()
    const peer = await fake.connect({ ...LINUX_CAPABILITIES, SendHostCreateMessage: false, SendHostStartMessage: true })
    assert.equal(peer.unread, 0)
  })

  it('GCSH-038 without SendHostStartMessage only the create message is sent', async () => {
    await make()
    const connecting = fake.guest.createConnection()
    const peer = await fake.dial()
    const Capabilities = { ...LINUX_CAPABILITIES, SendHostCreateMessage: true, SendHostStartMessage: false }
    peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities })
    peer.answer(await peer.next(TYPE.create))
    await connecting
    assert.equal(peer.unread, 0)
  })

  it('GCSH-039 without a cold start neither is sent', async () => {
    await make('windows')
    const connecting = fake.guest.createConnection({ coldStart: false })
    const peer = await fake.dial()
    peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
    await connecting
    assert.equal(peer.unread, 0)
  })

  for (const [what, options, expected] of [
    ['the time zone that was given', { initialState: { timezone: { Bias: 60, StandardName: 'X' } } }, { Bias: 60 }],
    ['null without one', {}, null],
  ] as const) {
    it(`GCSH-040 the host create message carries ${what}`, async () => {
      await make('windows')
      const connecting = fake.guest.createConnection(options)
      const peer = await fake.dial()
      peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
      const create = await peer.next(TYPE.create)
      const nested = JSON.parse(create.body['ContainerConfig'] as string) as Record<string, unknown>
      assert.equal(nested['SystemType'], 'Container')
      if (expected === null) assert.equal(nested['TimeZoneInformation'], null)
      else assert.equal((nested['TimeZoneInformation'] as { Bias: number }).Bias, expected.Bias)
      peer.answer(create)
      peer.answer(await peer.next(TYPE.start))
      peer.answer(await peer.next(TYPE.modify))
      await connecting
    })
  }

  it('GCSH-041 a failing answer to the host create message fails the connect', async () => {
    await make('windows')
    const connecting = fake.guest.createConnection()
    connecting.catch(() => undefined)
    const peer = await fake.dial()
    peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
    peer.answer(await peer.next(TYPE.create), { Result: -2147467259, ErrorMessage: 'no' })
    const error = await rejectsWith(connecting, GuestRPCError)
    assert.equal(error.result, 0x80004005)
    await peer.closed
  })

  it('a failing HvSocket update fails the connect of a Windows guest', async () => {
    await make('windows')
    const connecting = fake.guest.createConnection()
    connecting.catch(() => undefined)
    const peer = await fake.dial()
    peer.answer(await peer.next(), { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
    peer.answer(await peer.next(TYPE.create))
    peer.answer(await peer.next(TYPE.start))
    peer.answer(await peer.next(TYPE.modify), { Result: -2147467259 })
    await rejectsWith(connecting, GuestRPCError)
    await peer.closed
  })
})

describe('connection life', () => {
  let fake: FakeGuest
  async function make(...options: Parameters<typeof fakeGuest>): Promise<FakeGuest> {
    return (fake = await fakeGuest(...options))
  }
  afterEach(() => fake.close())

  it('HCS-088 a listener that was opened before receives the guest’s first connection', async () => {
    await make()
    assert.deepEqual(await fake.sockets(), ['vsock_1073741824'])
    const peer = await fake.dial()
    const connecting = fake.guest.createConnection()
    await Promise.all([connecting, peer.shakeHands()])
    assert.deepEqual(await fake.sockets(), [], 'the bridge is accepted once')
  })

  it('calls before the connection are refused as unavailable; some are not', async () => {
    await make()
    await rejectsWith(fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/a', Lun: 0 }), GuestConnectionUnavailableError)
    await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
    await rejectsWith(fake.guest.createProcess({ CommandArgs: ['a'] }), GuestConnectionUnavailableError)
    assert.equal(await fake.guest.isConnected(), false)
    assert.equal(await fake.guest.capabilities(), undefined)
    await fake.guest.prepareConnection()
    await fake.guest.closeConnection()
  })

  it('a method meant for the other guest system is refused before anything is sent', async () => {
    await make()
    await rejectsWith(fake.guest.addWCOWMappedVirtualDisk({ ContainerPath: 'C:\\a', Lun: 0 }), UnsupportedGuestError)
    await rejectsWith(fake.guest.addNetworkNamespace({ ID: 'n' }), UnsupportedGuestError)
    await rejectsWith(fake.guest.addLCOWMappedVirtualDisk(null as never), InvalidConfigError)
  })

  it('concurrent connects share one attempt, and a connect after it is done at once', async () => {
    await make()
    const both = [fake.guest.createConnection(), fake.guest.createConnection()]
    const peer = await fake.dial()
    await peer.shakeHands()
    await Promise.all(both)
    await fake.guest.createConnection()
    assert.equal(peer.unread, 0)
  })

  it('prepare is idempotent for one service id and refuses another', async () => {
    await make()
    await fake.guest.prepareConnection('40000000-FACB-11E6-BD58-64006A7986D3')
    const error = await rejectsWith(
      fake.guest.prepareConnection('40000001-facb-11e6-bd58-64006a7986d3'),
      InvalidStateError,
    )
    assert.equal(error.state, 'prepared')
    await rejectsWith(fake.guest.prepareConnection('no guid'), InvalidConfigError)
  })

  it('a connect that nobody answers ends after two minutes, and can be tried again', async () => {
    await make()
    const connecting = fake.guest.createConnection()
    connecting.catch(() => undefined)
    assert.equal(await pending(connecting), true)
    fake.clock.advance(120_000)
    const error = await rejectsWith(connecting, OperationTimeoutError)
    assert.equal(error.timeoutMs, 120_000)
    await fake.connect()
  })

  it('a guest that connects and says nothing does not hold the connect for ever', async () => {
    await make()
    const connecting = fake.guest.createConnection()
    connecting.catch(() => undefined)
    const peer = await fake.dial()
    await peer.next(TYPE.negotiate)
    fake.clock.advance(120_000)
    await rejectsWith(connecting, OperationTimeoutError)
    await peer.closed
  })

  it('an aborted connect leaves the next one unharmed', async () => {
    await make()
    const abort = new AbortController()
    const first = fake.guest.createConnection({ signal: abort.signal })
    first.catch(() => undefined)
    assert.equal(await pending(first), true)
    abort.abort()
    await rejectsWith(first, AbortError)
    // Asked after the cancel, so answered after it: the guest's next dial is for the next attempt.
    assert.equal(await fake.guest.isConnected(), false)
    await fake.connect()
  })

  it('one caller of two gives up: the attempt goes on for the other', async () => {
    await make()
    const abort = new AbortController()
    const first = fake.guest.createConnection({ signal: abort.signal })
    const second = fake.guest.createConnection()
    first.catch(() => undefined)
    assert.equal(await pending(second), true)
    abort.abort()
    await rejectsWith(first, AbortError)
    const peer = await fake.dial()
    await peer.shakeHands()
    await second
  })

  it('after a disconnect the next connect listens again, without a cold start', async () => {
    await make('windows')
    const first = await fake.connect()
    const ended = new Promise((resolve) => fake.guest.once('disconnected', resolve))
    first.destroy()
    assert((await ended) instanceof BridgeClosedError)
    const again = fake.guest.createConnection()
    const peer = await fake.dial()
    const negotiate = await peer.next(TYPE.negotiate)
    assert.equal(negotiate.id, 0n)
    peer.answer(negotiate, { Version: 4, Capabilities: WINDOWS_CAPABILITIES })
    await again
    assert.equal(peer.unread, 0)
  })

  it('close during a connect settles it', async () => {
    await make()
    const connecting = fake.guest.createConnection()
    connecting.catch(() => undefined)
    const peer = await fake.dial()
    await peer.next(TYPE.negotiate)
    await fake.guest.close()
    await rejectsWith(connecting, Error)
    await rejectsWith(fake.guest.createConnection(), InvalidStateError)
    await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
    await fake.guest.closeConnection()
    await fake.guest.close()
  })

  it('the exit of the VM ends connection, listeners and calls', async () => {
    await make()
    const peer = await fake.connect()
    const call = fake.guest.dumpStacks()
    call.catch(() => undefined)
    await peer.next(TYPE.dumpStacks)
    fake.guest.vmExited(new Error('the VM has exited'))
    await rejectsWith(call, BridgeClosedError)
    const error = await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
    assert(error.cause instanceof BridgeClosedError)
    await rejectsWith(fake.guest.createConnection(), GuestConnectionUnavailableError)
    await peer.closed
  })
})
