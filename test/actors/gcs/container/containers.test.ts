// Containers against a guest that does what the test says.

import assert from 'node:assert/strict'
import {
  AbortError,
  BridgeClosedError,
  GuestConnectionUnavailableError,
  GuestRPCError,
  InvalidConfigError,
  InvalidStateError,
  isAlreadyStopped,
  OperationTimeoutError,
  ProtocolError,
  UnsupportedGuestError,
  type Container,
  type PropertyType,
} from '#dist/index.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { LINUX_CAPABILITIES, TYPE, type Peer } from '../../../peer/peer.js'
import { pending, rejectsWith } from '../../../support/expect.js'

const NULL_ID = '00000000-0000-0000-0000-000000000000'
const NOT_FOUND = 0xc037010e | 0
const ALREADY_STOPPED = 0xc0370110 | 0
const BASE = `"ActivityId":"${NULL_ID}"`

describe('containers', () => {
  let fake: FakeGuest
  let peer: Peer
  async function make(...options: Parameters<typeof fakeGuest>): Promise<void> {
    fake = await fakeGuest(...options)
    peer = await fake.connect()
  }
  afterEach(() => fake.close())

  async function create(id = 'c1', config: object = {}): Promise<Container> {
    const creating = fake.guest.createContainer(id, config)
    peer.answer(await peer.next(TYPE.create))
    return creating
  }

  /** Whether the connection still serves. */
  async function serves(): Promise<void> {
    const stacks = fake.guest.dumpStacks()
    peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: 'g' })
    assert.equal(await stacks, 'g')
  }

  async function dies(act: () => void): Promise<void> {
    const ended = new Promise<Error | undefined>((resolve) => fake.guest.once('disconnected', resolve))
    act()
    const error = await ended
    assert(error instanceof BridgeClosedError)
    assert(error.cause instanceof ProtocolError, String(error.cause))
    await peer.closed
  }

  async function hangsUp(): Promise<void> {
    const ended = new Promise<unknown>((resolve) => fake.guest.once('disconnected', resolve))
    peer.socket.end()
    assert((await ended) instanceof BridgeClosedError)
  }

  describe('create and open', () => {
    it('GCSH-042 the document goes nested, as text, unchanged', async () => {
      await make()
      const config = { Zulu: 1, SchemaVersion: { Minor: 1, Major: 2 }, Deep: { b: [1, null, 'ü"'], a: 2n ** 63n } }
      const creating = fake.guest.createContainer('c"1', config, { unchecked: true })
      const request = await peer.next(TYPE.create)
      const nested =
        '{"Zulu":1,"SchemaVersion":{"Minor":1,"Major":2},"Deep":{"b":[1,null,"ü\\""],"a":9223372036854775808}}'
      assert.equal(request.text, `{"ContainerId":"c\\"1",${BASE},"ContainerConfig":${JSON.stringify(nested)}}\n`)
      peer.answer(request, { SelectedProtocolVersion: 0 })
      assert.equal((await creating).id, 'c"1')
    })

    it('GCSH-043 an id that is registered already is refused here', async () => {
      await make()
      await create()
      const error = await rejectsWith(fake.guest.createContainer('c1', {}), InvalidStateError)
      assert.equal(error.state, 'container-exists')
      assert.match(error.message, /c1/)
      await rejectsWith(fake.guest.openContainer('c1'), InvalidStateError)
      assert.equal(peer.unread, 0)
      await serves()
    })

    it('a container that has exited says so, to whoever listens and whoever reads its events', async () => {
      await make()
      const container = await create()
      const told = new Promise<void>((resolve) => container.once('exited', () => resolve()))
      const read = (async () => {
        let count = 0
        for await (const _ of container.events('exited')) count++
        return count
      })()
      peer.notify('c1')
      await told
      assert.equal(await read, 1)
    })

    it('a Create that the guest refused leaves the id free', async () => {
      await make()
      const creating = fake.guest.createContainer('c1', {})
      peer.answer(await peer.next(TYPE.create), { Result: -2147467259, ErrorMessage: 'no' })
      const error = await rejectsWith(creating, GuestRPCError)
      assert.equal(error.op, 'guest.createContainer')
      assert.equal(error.id, 'vm:c1')
      await create()
      await dies(() => {
        peer.notify('c1')
        peer.notify('c1')
      })
    })

    it('a notification for a container whose Create was refused ends the connection', async () => {
      await make()
      const creating = fake.guest.createContainer('c1', {})
      peer.answer(await peer.next(TYPE.create), { Result: -2147467259 })
      await rejectsWith(creating, GuestRPCError)
      await dies(() => peer.notify('c1'))
    })

    for (const id of ['', 5, null, 'a\0b', '\ud800', NULL_ID]) {
      it(`the id ${JSON.stringify(id)} is refused before anything is sent`, async () => {
        await make()
        const { guest } = fake
        await rejectsWith(guest.createContainer(id as string, {}), InvalidConfigError)
        await rejectsWith(guest.openContainer(id as string), InvalidConfigError)
        await rejectsWith(guest.deleteContainerState(id as string), InvalidConfigError)
        assert.equal(peer.unread, 0)
      })
    }

    for (const config of [undefined, null, 'text', [], { f: () => 1 }]) {
      it(`the document ${typeof config === 'object' ? JSON.stringify(config) : String(config)} is refused`, async () => {
        await make()
        await rejectsWith(fake.guest.createContainer('c1', config), InvalidConfigError)
        assert.equal(peer.unread, 0)
      })
    }

    it('a handle on a container that runs sends nothing and hears of the exit', async () => {
      await make()
      const container = await fake.guest.openContainer('c1')
      assert.equal(peer.unread, 0)
      peer.notify('c1')
      await container.wait()
    })

    it('an exit that came while nobody had a handle is told to who opens it next', async () => {
      await make()
      const first = await fake.guest.openContainer('c1')
      await first.close()
      const exited = new Promise((resolve) => fake.guest.once('container-exited', resolve))
      peer.notify('c1')
      assert.equal(await exited, 'c1')
      const second = await fake.guest.openContainer('c1')
      await second.wait()
    })

    it('a host process container needs a guest that knows them', async () => {
      await make('windows')
      const hostProcess = { Container: { IsolationType: 'HostProcess' } }
      await rejectsWith(fake.guest.createContainer('c1', hostProcess), UnsupportedGuestError)
      await rejectsWith(fake.guest.createContainer('c1', { CWCOWHostedSystem: hostProcess }), UnsupportedGuestError)
      assert.equal(peer.unread, 0)
    })

    it('an abandoned Create that succeeds late is shut down and its state deleted; until then its id is taken', async () => {
      await make()
      const abort = new AbortController()
      const creating = fake.guest.createContainer('c1', {}, { signal: abort.signal })
      const request = await peer.next(TYPE.create)
      abort.abort()
      await rejectsWith(creating, AbortError)
      await rejectsWith(fake.guest.createContainer('c1', {}), InvalidStateError)
      peer.answer(request)
      const shutdown = await peer.next(TYPE.terminate)
      assert.equal(shutdown.body['ContainerId'], 'c1')
      peer.notify('c1', { Type: 'ForcedExit' })
      peer.answer(shutdown)
      const deletion = await peer.next(TYPE.deleteState)
      assert.equal(deletion.body['ContainerId'], 'c1')
      peer.answer(deletion)
      await serves()
      await create()
    })

    it('an abandoned Create that fails late frees its id', async () => {
      await make()
      const creating = fake.guest.createContainer('c1', {}, { timeoutMs: 1 })
      const request = await peer.next(TYPE.create)
      fake.clock.advance(1)
      await rejectsWith(creating, OperationTimeoutError)
      peer.answer(request, { Result: -2147467259 })
      await serves()
      await create()
    })

    it('a Create past the request’s own time is made good when it succeeds after all', async () => {
      await make('linux', { requestTimeoutMs: 1000 })
      const creating = fake.guest.createContainer('c1', {})
      const request = await peer.next(TYPE.create)
      fake.clock.advance(1000)
      await rejectsWith(creating, OperationTimeoutError)
      peer.answer(request)
      peer.answer(await peer.next(TYPE.terminate), { Result: NOT_FOUND })
      peer.answer(await peer.next(TYPE.deleteState))
      await serves()
    })

    it('without the capability the state of an abandoned container is not deleted', async () => {
      fake = await fakeGuest()
      peer = await fake.connect({ ...LINUX_CAPABILITIES, GuestDefinedCapabilities: { DumpStacksSupported: true } })
      const creating = fake.guest.createContainer('c1', {}, { timeoutMs: 1 })
      const request = await peer.next(TYPE.create)
      fake.clock.advance(1)
      await rejectsWith(creating, OperationTimeoutError)
      peer.answer(request)
      peer.answer(await peer.next(TYPE.terminate))
      await serves()
      assert.equal(peer.unread, 0)
    })

    it('a caller that gave up while the answer was on its way leaves no container', async () => {
      await make()
      // What the proxy does then, a message after the answer.
      const input = { key: 999, id: 'c1', config: '{}', op: 'guest.createContainer' }
      const creating = fake.mailbox.call('createContainer', input, { op: 'test' })
      peer.answer(await peer.next(TYPE.create))
      await creating
      await fake.mailbox.call('discardContainer', { key: 999 }, { op: 'test' })
      peer.answer(await peer.next(TYPE.terminate))
      peer.answer(await peer.next(TYPE.deleteState))
      await serves()
      await create()
    })

    it('a caller that gave up while the answer was on its way leaves no process', async () => {
      await make()
      const input = { key: 999, containerId: 'c1', parameters: '{}', op: 'container.createProcess' }
      const starting = fake.mailbox.call('execute', input, { op: 'test' })
      peer.answer(await peer.next(TYPE.execute), { ProcessId: 7 })
      await starting
      const wait = await peer.next(TYPE.wait)
      await fake.mailbox.call('discardProcess', { key: 999 }, { op: 'test' })
      const kill = await peer.next(TYPE.signal)
      assert.equal(kill.text, `{"ContainerId":"c1",${BASE},"ProcessId":7}\n`)
      peer.answer(kill)
      peer.answer(wait, { ExitCode: 137 })
      await serves()
    })
  })

  describe('the exit', () => {
    it('GCSH-044 the notification ends the wait, now and later, and is an event', async () => {
      await make()
      const events: string[] = []
      fake.guest.on('container-exited', (id) => events.push(id))
      const container = await create()
      const waiting = container.wait()
      assert.equal(await pending(waiting), true)
      peer.notify('c1')
      assert.equal(await waiting, undefined)
      await container.wait()
      assert.deepEqual(events, ['c1'])
      await container.close()
      await container.wait()
    })

    it('GCSH-045 a notification before the Create response is not lost', async () => {
      await make()
      const creating = fake.guest.createContainer('c1', {})
      const request = await peer.next(TYPE.create)
      peer.notify('c1')
      peer.answer(request)
      await (await creating).wait()
    })

    it('GCSH-046 a second notification ends the connection', async () => {
      await make()
      const container = await create()
      await dies(() => {
        peer.notify('c1')
        peer.notify('c1')
      })
      await container.wait()
    })

    it('GCSH-047 a notification for another id ends the connection', async () => {
      await make()
      const container = await create()
      const waiting = container.wait()
      waiting.catch(() => undefined)
      await dies(() => peer.notify('c2'))
      await rejectsWith(waiting, BridgeClosedError)
    })

    it('GCSH-048 a connection that dies rejects the wait', async () => {
      await make()
      const container = await create()
      const waiting = container.wait()
      waiting.catch(() => undefined)
      await hangsUp()
      const error = await rejectsWith(waiting, BridgeClosedError)
      assert.equal(error.id, 'vm:c1')
      await rejectsWith(container.wait(), BridgeClosedError)
      await rejectsWith(container.start(), GuestConnectionUnavailableError)
    })

    it('GCSH-049 closing the handle releases who waits; the notification is still expected', async () => {
      await make()
      const container = await create()
      const waiting = container.wait()
      waiting.catch(() => undefined)
      await container.close()
      await container.close()
      const error = await rejectsWith(waiting, InvalidStateError)
      assert.equal(error.state, 'closed')
      await rejectsWith(container.wait(), InvalidStateError)
      await rejectsWith(container.start(), InvalidStateError)
      peer.notify('c1')
      await serves()
    })

    it('a container that is terminated before its init was started has exited with that: the guest tells nothing', async () => {
      await make()
      const events: string[] = []
      fake.guest.on('container-exited', (id) => events.push(id))
      for (const isTold of [false, true]) {
        const container = await create()
        const terminating = container.terminate()
        peer.answer(await peer.next(TYPE.terminate))
        await terminating
        await container.wait()
        await container.close()
        // Told all the same, it is no news and no fault.
        if (isTold) peer.notify('c1')
        await serves()
      }
      assert.deepEqual(events, ['c1', 'c1'])
    })

    it('one whose init was started has exited when the guest says so', async () => {
      await make()
      const container = await create()
      const starting = container.createProcess({})
      peer.answer(await peer.next(TYPE.execute), { ProcessId: 7 })
      await starting
      await peer.next(TYPE.wait)
      const waiting = container.wait()
      const terminating = container.terminate()
      peer.answer(await peer.next(TYPE.terminate))
      await terminating
      assert.equal(await pending(waiting), true)
      peer.notify('c1')
      await waiting
    })

    it('nor has one that somebody else may have started', async () => {
      await make()
      const container = await fake.guest.openContainer('c1')
      const waiting = container.wait()
      const terminating = container.terminate()
      peer.answer(await peer.next(TYPE.terminate))
      await terminating
      assert.equal(await pending(waiting), true)
      peer.notify('c1')
      await waiting
    })

    it('a wait ends with its caller’s signal or time, the container goes on', async () => {
      await make()
      const container = await create()
      const waiting = container.wait({ timeoutMs: 1 })
      fake.clock.advance(1)
      await rejectsWith(waiting, OperationTimeoutError)
      await rejectsWith(container.wait({ signal: AbortSignal.abort() }), AbortError)
      peer.notify('c1')
      await container.wait()
    })

    for (const [what, more] of [
      ['absent', {}],
      ['null', { ResultInfo: null }],
      ['a nested document', { ResultInfo: '{"ExitCode":1}', Type: 'ForcedExit', Operation: 'Terminate' }],
    ] as const) {
      it(`GCSH-053 a ResultInfo that is ${what} is fine`, async () => {
        await make()
        const container = await create()
        peer.notify('c1', more)
        await container.wait()
        await serves()
      })
    }

    for (const info of ['', '{', '{"a":1} x', 5, '['.repeat(200) + ']'.repeat(200)]) {
      it(`GCSH-053 the ResultInfo ${JSON.stringify(info).slice(0, 20)} ends the connection`, async () => {
        await make()
        await create()
        await dies(() => peer.notify('c1', { ResultInfo: info }))
      })
    }

    for (const activity of ['', 'x', '{00000000-0000-0000-0000-000000000000}', 5]) {
      it(`GCSH-054 the ActivityId ${JSON.stringify(activity)} ends the connection`, async () => {
        await make()
        await create()
        await dies(() => peer.notify('c1', { ActivityId: activity }))
      })
    }

    it('a guest that is closed rejects the wait', async () => {
      await make()
      const container = await create()
      const waiting = container.wait()
      waiting.catch(() => undefined)
      await fake.guest.close()
      await rejectsWith(waiting, BridgeClosedError)
      await container.close()
      await rejectsWith(container.shutdown(), InvalidStateError)
    })

    it('after a reconnect the old handle says so, and a new one hears of the exit', async () => {
      await make()
      const old = await create()
      await hangsUp()
      const again = fake.guest.createConnection()
      peer = await fake.dial()
      await peer.shakeHands()
      await again
      const error = await rejectsWith(old.start(), GuestConnectionUnavailableError)
      assert.match(error.message, /open it again/)
      const fresh = await fake.guest.openContainer('c1')
      peer.notify('c1')
      await fresh.wait()
    })
  })

  describe('calls', () => {
    it('start, shutdown and terminate send nothing but the base', async () => {
      await make()
      const container = await create()
      for (const [method, type] of [
        ['start', TYPE.start],
        ['shutdown', TYPE.shutdown],
        ['terminate', TYPE.terminate],
      ] as const) {
        const call = container[method]()
        const request = await peer.next(type)
        assert.equal(request.text, `{"ContainerId":"c1",${BASE}}\n`)
        peer.answer(request)
        assert.equal(await call, undefined)
      }
    })

    for (const method of ['shutdown', 'terminate'] as const) {
      for (const code of [NOT_FOUND, 0x8037010e | 0]) {
        it(`GCSH-050 ${method} of a container that is gone (${(code >>> 0).toString(16)}) succeeds`, async () => {
          await make()
          const container = await create()
          const call = container[method]()
          peer.answer(await peer.next(), { Result: code })
          await call
        })
      }

      it(`GCSH-051 ${method} of a container that has stopped is an error that says so`, async () => {
        await make()
        const container = await create()
        const call = container[method]()
        peer.answer(await peer.next(), { Result: ALREADY_STOPPED })
        const error = await rejectsWith(call, GuestRPCError)
        assert.equal(error.result, 0xc0370110)
        assert.equal(isAlreadyStopped(error), true)
        await serves()
      })

      for (const onRequestTimeout of ['reject', 'close'] as const) {
        it(`GCSH-052 ${method} that is never answered ends after 30 s, the connection stays (${onRequestTimeout})`, async () => {
          await make('linux', { onRequestTimeout })
          const container = await create()
          const call = container[method]()
          call.catch(() => undefined)
          const request = await peer.next()
          fake.clock.advance(29_999)
          assert.equal(await pending(call), true)
          fake.clock.advance(1)
          const error = await rejectsWith(call, OperationTimeoutError)
          assert.equal(error.timeoutMs, 30_000)
          peer.answer(request)
          await serves()
        })
      }
    }

    it('a start that is not found is an error', async () => {
      await make()
      const container = await create()
      const call = container.start()
      peer.answer(await peer.next(), { Result: NOT_FOUND })
      const error = await rejectsWith(call, GuestRPCError)
      assert.equal(error.op, 'container.start')
    })

    it('modify sends the request as given', async () => {
      await make()
      const container = await create()
      const call = container.modify({ ResourcePath: 'x', RequestType: 'Add', Settings: { b: 1, a: 2 } })
      const request = await peer.next(TYPE.modify)
      assert.equal(
        request.text,
        `{"ContainerId":"c1",${BASE},"Request":{"ResourcePath":"x","RequestType":"Add","Settings":{"b":1,"a":2}}}\n`,
      )
      peer.answer(request)
      await call
      await rejectsWith(container.modify(null), InvalidConfigError)
    })

    for (const given of [
      { cpu: { shares: 512 }, memory: { limit: 268435456 } },
      { Linux: { cpu: { shares: 512 }, memory: { limit: 268435456 } } },
    ]) {
      it(`update of a Linux container: ${JSON.stringify(given)}`, async () => {
        await make()
        const container = await create()
        const call = container.update(given)
        const request = await peer.next(TYPE.modify)
        assert.equal(
          request.text,
          `{"ContainerId":"c1",${BASE},"Request":{"RequestType":"Update","ResourceType":"ContainerConstraints","Settings":{"Windows":{},"Linux":{"memory":{"limit":268435456},"cpu":{"shares":512}}}}}\n`,
        )
        peer.answer(request)
        await call
        await rejectsWith(container.update([]), InvalidConfigError)
      })
    }

    it('update of a Windows container', async () => {
      await make('windows')
      const container = await create('web-01')
      const call = container.update({ ResourcePath: 'Container/Memory/SizeInMB', Settings: 1024 })
      const request = await peer.next(TYPE.modify)
      assert.equal(
        request.text,
        `{"ContainerId":"web-01",${BASE},"Request":{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":1024}}\n`,
      )
      peer.answer(request)
      await call
      await rejectsWith(container.update({ Settings: 1 }), InvalidConfigError)
    })

    it('properties in both query forms', async () => {
      await make()
      const container = await create()
      const answer =
        '{"ProcessList":[{"ProcessId":401}],"LCOWMetrics":{"memory":{"usage":{"usage":18446744073709551615}}}}'
      const cases: [() => Promise<unknown>, string][] = [
        [() => container.propertiesV2(['ProcessList', 'Statistics']), '{"PropertyTypes":["ProcessList","Statistics"]}'],
        [() => container.propertiesV2([]), '{}'],
        [
          () => container.propertiesV1({ PropertyTypes: ['MappedVirtualDisk'] }),
          '{"PropertyTypes":["MappedVirtualDisk"]}',
        ],
        [() => container.propertiesV1({}), '{}'],
      ]
      for (const [ask, query] of cases) {
        const asking = ask()
        const request = await peer.next(TYPE.properties)
        assert.equal(request.text, `{"ContainerId":"c1",${BASE},"Query":${JSON.stringify(query)}}\n`)
        peer.answer(request, { Properties: answer })
        assert.deepEqual(await asking, {
          ProcessList: [{ ProcessId: 401 }],
          LCOWMetrics: { memory: { usage: { usage: 18446744073709551615n } } },
        })
      }
      await rejectsWith(container.propertiesV2('Statistics' as unknown as PropertyType[]), InvalidConfigError)
      await rejectsWith(container.propertiesV1([] as object), InvalidConfigError)
    })

    for (const [what, properties] of [
      ['that are empty text', ''],
      ['that are no JSON', '{'],
      ['that are no text', {}],
      ['nested 30,000 deep', '['.repeat(30_000) + ']'.repeat(30_000)],
    ] as const) {
      it(`properties ${what} end the connection`, async () => {
        await make()
        const container = await create()
        const asking = container.propertiesV2([])
        asking.catch(() => undefined)
        const request = await peer.next(TYPE.properties)
        await dies(() => peer.answer(request, { Properties: properties }))
        await rejectsWith(asking, ProtocolError)
      })
    }

    it('a process inside a Linux container, without and with OciProcess', async () => {
      await make()
      const container = await create()
      const starting = container.createProcess({})
      const init = await peer.next(TYPE.execute)
      assert.equal(init.body['ContainerId'], 'c1')
      assert.deepEqual(init.body['Settings'], { ProcessParameters: '{}', VsockStdioRelaySettings: {} })
      peer.answer(init, { ProcessId: 7 })
      const process = await starting
      const wait = await peer.next(TYPE.wait)
      assert.equal(wait.body['ContainerId'], 'c1')
      assert.equal(process.save().containerId, 'c1')
      peer.answer(wait, { ExitCode: 3 })
      assert.deepEqual(await process.wait(), { exitCode: 3, known: true })

      const adding = container.createProcess({ OciProcess: { args: ['/bin/sh'], cwd: '/', user: { uid: 0, gid: 0 } } })
      const added = await peer.next(TYPE.execute)
      const { ProcessParameters: text } = added.body['Settings'] as { ProcessParameters: string }
      assert.equal(text, '{"OciProcess":{"user":{"uid":0,"gid":0},"args":["/bin/sh"],"cwd":"/"}}')
      peer.answer(added, { ProcessId: 8 })
      const second = await adding
      const signalling = second.signal({ Signal: 15 })
      peer.answer(await peer.next(TYPE.wait), { ExitCode: 143 })
      const signal = await peer.next(TYPE.signal)
      assert.equal(signal.text, `{"ContainerId":"c1",${BASE},"ProcessId":8,"Options":{"Signal":15}}\n`)
      peer.answer(signal)
      assert.equal(await signalling, true)
    })

    it('a process inside a Windows container is a command line', async () => {
      await make('windows')
      const container = await create('web-01')
      const starting = container.createProcess({ CommandLine: 'cmd.exe /c ver', User: 'ContainerAdministrator' })
      const request = await peer.next(TYPE.execute)
      assert.deepEqual(request.body['Settings'], {
        ProcessParameters: '{"CommandLine":"cmd.exe /c ver","User":"ContainerAdministrator"}',
        StdioRelaySettings: {},
      })
      peer.answer(request, { ProcessId: 1204 })
      assert.equal((await starting).pid, 1204)
    })
  })

  describe('state and services', () => {
    it('deleteContainerState sends nothing but the base', async () => {
      await make()
      const call = fake.guest.deleteContainerState('c1')
      const request = await peer.next(TYPE.deleteState)
      assert.equal(request.text, `{"ContainerId":"c1",${BASE}}\n`)
      peer.answer(request)
      assert.equal(await call, undefined)
    })

    it('deleteContainerState needs its capability', async () => {
      fake = await fakeGuest()
      peer = await fake.connect({ ...LINUX_CAPABILITIES, GuestDefinedCapabilities: {} })
      await rejectsWith(fake.guest.deleteContainerState('c1'), UnsupportedGuestError)
      assert.equal(peer.unread, 0)
    })

    const SOURCES = {
      LogConfig: { sources: [{ type: 'ETW', providers: [{ providerName: 'p', level: 'Information' }] }] },
    }
    const ENCODED = Buffer.from(JSON.stringify(SOURCES)).toString('base64')
    for (const [what, settings, expected] of [
      ['an inner document', { Settings: SOURCES, RPCType: 'ModifyServiceSettings' }, ENCODED],
      ['an inner document as text', { RPCType: 'ModifyServiceSettings', Settings: JSON.stringify(SOURCES) }, ENCODED],
      ['base64', { RPCType: 'ModifyServiceSettings', Settings: ENCODED }, ENCODED],
      ['nothing inside', { RPCType: 'StartLogForwarding' }, undefined],
      ['empty text inside', { RPCType: 'StartLogForwarding', Settings: '' }, undefined],
    ] as const) {
      it(`modifyServiceSettings with ${what}`, async () => {
        fake = await fakeGuest('windows')
        const capabilities = {
          ...LINUX_CAPABILITIES,
          RuntimeOsType: 'Windows',
          GuestDefinedCapabilities: { LogForwardingSupported: true },
        }
        const connecting = fake.guest.createConnection({ coldStart: false })
        peer = await fake.dial()
        await Promise.all([connecting, peer.shakeHands(capabilities)])
        const call = fake.guest.modifyServiceSettings('LogForwardService', settings)
        const request = await peer.next(TYPE.modifyService)
        const inner = expected === undefined ? '' : `,"Settings":"${expected}"`
        assert.equal(
          request.text,
          `{"ContainerId":"${NULL_ID}",${BASE},"PropertyType":"LogForwardService","Settings":{"RPCType":"${settings.RPCType}"${inner}}}\n`,
        )
        peer.answer(request)
        assert.equal(await call, undefined)
        await rejectsWith(fake.guest.modifyServiceSettings('LogForwardService', null), InvalidConfigError)
        await rejectsWith(fake.guest.modifyServiceSettings('', {}), InvalidConfigError)
      })
    }

    it('modifyServiceSettings needs a Windows guest that forwards logs', async () => {
      await make('windows')
      await rejectsWith(fake.guest.modifyServiceSettings('LogForwardService', {}), UnsupportedGuestError)
      const linux = await fakeGuest()
      await rejectsWith(linux.guest.modifyServiceSettings('LogForwardService', {}), UnsupportedGuestError)
      await linux.close()
      assert.equal(peer.unread, 0)
    })
  })
})
