// Processes of the guest, from the request to the exit, against a guest that does what the test says.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import {
  AbortError,
  BridgeClosedError,
  GuestConnectionUnavailableError,
  GuestRPCError,
  InvalidConfigError,
  InvalidStateError,
  isAlreadyClosed,
  OperationTimeoutError,
  ProviderUnavailableError,
  type GuestProcess,
} from '#dist/index.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { frame, LINUX_CAPABILITIES, TYPE, WINDOWS_CAPABILITIES, type Peer } from '../../../peer/peer.js'
import { dialStreams, relayPorts, serveProcess, type ServedProcess, type ServeOptions } from '../../../peer/process.js'
import { deferred, pending, rejectsWith } from '../../../support/expect.js'

const NULL_ID = '00000000-0000-0000-0000-000000000000'
const E_FAIL = -2147467259
const NOT_FOUND = -2147023728
const ALL = { CreateStdInPipe: true, CreateStdOutPipe: true, CreateStdErrPipe: true }

describe('guest processes', () => {
  let fake: FakeGuest
  let peer: Peer

  async function connected(...options: Parameters<typeof fakeGuest>): Promise<void> {
    fake = await fakeGuest(...options)
    peer = await fake.connect()
  }

  async function connectedWithoutSignals(guestOS: 'linux' | 'windows'): Promise<void> {
    fake = await fakeGuest(guestOS)
    const base = guestOS === 'linux' ? LINUX_CAPABILITIES : WINDOWS_CAPABILITIES
    const connecting = fake.guest.createConnection({ coldStart: false })
    peer = await fake.dial()
    peer.answer(await peer.next(), { Version: 4, Capabilities: { ...base, GuestDefinedCapabilities: {} } })
    await connecting
  }

  async function start(
    parameters: object = {},
    options?: ServeOptions,
  ): Promise<{ process: GuestProcess; served: ServedProcess }> {
    const creating = fake.guest.createProcess({ CommandArgs: ['sh'], ...parameters })
    const served = await serveProcess(peer, fake.path, options)
    return { process: await creating, served }
  }

  afterEach(() => fake.close())

  describe('the request', () => {
    it('GCSH-055 stdin and stdout listen on 0x40000001 and 0x40000002 before a Linux guest is asked', async () => {
      await connected()
      const creating = fake.guest.createProcess({ CommandArgs: ['cat'], CreateStdInPipe: true, CreateStdOutPipe: true })
      const request = await peer.next(TYPE.execute)
      assert.deepEqual(await fake.sockets(), ['vsock_1073741825', 'vsock_1073741826'])
      assert.deepEqual(request.body, {
        ContainerId: NULL_ID,
        ActivityId: NULL_ID,
        Settings: {
          ProcessParameters: '{"CommandArgs":["cat"],"CreateStdInPipe":true,"CreateStdOutPipe":true}',
          VsockStdioRelaySettings: { StdIn: 0x40000001, StdOut: 0x40000002 },
        },
      })
      await dialStreams(peer, request, fake.path)
      peer.answer(request, { ProcessId: 4294967295 })
      const process = await creating
      assert.equal(process.pid, 4294967295)
      assert.notEqual(process.stdin, null)
      assert.notEqual(process.stdout, null)
      assert.equal(process.stderr, null)
      assert.deepEqual(await fake.sockets(), [], 'each port takes one connection and is closed')
    })

    it('GCSH-056 GCSH-059 only requested streams take a port, and ports are never used again', async () => {
      await connected()
      const first = await start({ CreateStdOutPipe: true })
      assert.deepEqual(relayPorts(first.served.execute), { StdOut: 0x40000001 })
      const second = await start({ CreateStdErrPipe: true, CreateStdInPipe: true })
      assert.deepEqual(relayPorts(second.served.execute), { StdIn: 0x40000002, StdErr: 0x40000003 })
      await first.process.close()
      const third = await start({ CreateStdOutPipe: true })
      assert.deepEqual(relayPorts(third.served.execute), { StdOut: 0x40000004 })
      assert.deepEqual(third.process.save().ports, { stdout: 0x40000004 })
      assert.equal(third.process.save().waitId, third.served.wait.id)
    })

    it('GCSH-057 without streams the relay object is there and empty', async () => {
      await connected()
      const { process, served } = await start()
      const settings = served.execute.body['Settings'] as Record<string, unknown>
      assert.deepEqual(settings['VsockStdioRelaySettings'], {})
      assert.deepEqual([process.stdin, process.stdout, process.stderr], [null, null, null])
      await process.closeStdin()
    })

    it('GCSH-058 a Windows guest gets the service ids of the ports', async () => {
      await connected('windows')
      const creating = fake.guest.createProcess({ CommandLine: 'cmd /c ver', ...ALL })
      const request = await peer.next(TYPE.execute)
      assert.deepEqual(request.body['Settings'], {
        ProcessParameters:
          '{"CommandLine":"cmd /c ver","CreateStdInPipe":true,"CreateStdOutPipe":true,"CreateStdErrPipe":true}',
        StdioRelaySettings: {
          StdIn: '40000001-facb-11e6-bd58-64006a7986d3',
          StdOut: '40000002-facb-11e6-bd58-64006a7986d3',
          StdErr: '40000003-facb-11e6-bd58-64006a7986d3',
        },
      })
      peer.answer(request, { ProcessId: 9 })
      await creating
    })

    it('GCSH-059 a port that cannot be listened on fails the call, closes what was open, and stays used', async () => {
      await connected()
      const server = createServer().listen(fake.path('vsock_1073741826'))
      await once(server, 'listening')
      const refused = fake.guest.createProcess({ CommandArgs: ['a'], ...ALL })
      await rejectsWith(refused, ProviderUnavailableError, (error) => {
        assert.deepEqual([error.op, error.id], ['guest.createProcess', 'vm'])
        assert.match(error.message, /vsock port 1073741826 .*stdout.*EADDRINUSE/)
      })
      await new Promise((resolve) => server.close(resolve))
      assert.deepEqual(await fake.sockets(), [])
      assert.equal(peer.unread, 0)
      const { served } = await start({ CreateStdOutPipe: true })
      assert.deepEqual(relayPorts(served.execute), { StdOut: 0x40000003 })
    })

    it('GCSH-060 a refused start closes every listener and returns the guest’s error', async () => {
      await connected()
      const creating = fake.guest.createProcess({ CommandArgs: ['nothing'], ...ALL })
      const request = await peer.next(TYPE.execute)
      assert.equal((await fake.sockets()).length, 3)
      peer.answer(request, { Result: E_FAIL, ErrorMessage: 'no such file' })
      const error = await rejectsWith(creating, GuestRPCError)
      assert.equal(error.result, 0x80004005)
      assert.deepEqual([error.op, error.id], ['guest.createProcess', 'vm'])
      assert.deepEqual(await fake.sockets(), [])
      assert.equal(peer.unread, 0, 'no wait for a process that is none')
    })

    it('GCSH-061 exactly one wait without a limit follows the answer', async () => {
      await connected()
      const { process, served } = await start({}, { pid: 417 })
      assert.equal(
        served.wait.text,
        `{"ContainerId":"${NULL_ID}","ActivityId":"${NULL_ID}","ProcessId":417,"TimeoutInMs":4294967295}\n`,
      )
      const waits = [process.wait(), process.wait()]
      assert.equal(await pending(waits[0]!), true)
      assert.equal(peer.unread, 0)
      peer.answer(served.wait, { ExitCode: 0 })
      assert.deepEqual(await Promise.all(waits), [
        { exitCode: 0, known: true },
        { exitCode: 0, known: true },
      ])
    })

    for (const parameters of [undefined, null, 'ls', []]) {
      it(`parameters ${JSON.stringify(parameters)} are refused before anything is listened on`, async () => {
        await connected()
        await rejectsWith(fake.guest.createProcess(parameters as never), InvalidConfigError)
        assert.equal(peer.unread, 0)
        const { served } = await start({ CreateStdOutPipe: true })
        assert.deepEqual(relayPorts(served.execute), { StdOut: 0x40000001 })
      })
    }
  })

  describe('a caller that gives up', () => {
    it('an abandoned start is made good: channels closed, process killed, its wait kept until answered', async () => {
      await connected()
      const abort = new AbortController()
      const creating = fake.guest.createProcess({ CommandArgs: ['a'], ...ALL }, { signal: abort.signal })
      const request = await peer.next(TYPE.execute)
      abort.abort(new Error('enough'))
      const error = await rejectsWith(creating, AbortError)
      assert.equal((error.cause as Error).message, 'enough')
      peer.answer(request, { ProcessId: 12 })
      const wait = await peer.next(TYPE.wait)
      const kill = await peer.next(TYPE.signal)
      assert.equal(kill.text, `{"ContainerId":"${NULL_ID}","ActivityId":"${NULL_ID}","ProcessId":12}\n`)
      assert.deepEqual(await fake.sockets(), [])
      peer.answer(kill, { Result: -1070137074 })
      peer.answer(wait, { ExitCode: 137 })
      await start()
      assert.equal(await fake.guest.isConnected(), true)
    })

    it('an abandoned start that the guest refuses needs no making good', async () => {
      await connected()
      const creating = fake.guest.createProcess({ CommandArgs: ['a'], ...ALL }, { timeoutMs: 100 })
      const request = await peer.next(TYPE.execute)
      fake.clock.advance(100)
      await rejectsWith(creating, OperationTimeoutError)
      peer.answer(request, { Result: E_FAIL })
      await start()
      assert.equal(peer.unread, 0)
      assert.deepEqual(await fake.sockets(), [])
    })

    it('a start past the request’s own time is made good when it is answered after all', async () => {
      await connected('linux', { requestTimeoutMs: 1000 })
      const creating = fake.guest.createProcess({ CommandArgs: ['a'], ...ALL })
      const request = await peer.next(TYPE.execute)
      fake.clock.advance(1000)
      await rejectsWith(creating, OperationTimeoutError)
      assert.deepEqual(await fake.sockets(), [])
      peer.answer(request, { ProcessId: 13 })
      assert.equal((await peer.next(TYPE.wait)).body['ProcessId'], 13)
      assert.equal((await peer.next(TYPE.signal)).body['ProcessId'], 13)
    })

    it('a wait that is given up leaves the process and its exit alone', async () => {
      await connected()
      const { process, served } = await start()
      const abort = new AbortController()
      const waiting = process.wait({ signal: abort.signal })
      const timed = process.wait({ timeoutMs: 5 })
      timed.catch(() => undefined)
      abort.abort()
      await rejectsWith(waiting, AbortError)
      assert.equal(await pending(timed), true)
      fake.clock.advance(5)
      await rejectsWith(timed, OperationTimeoutError)
      peer.answer(served.wait, { ExitCode: 3 })
      assert.deepEqual(await process.wait(), { exitCode: 3, known: true })
      await rejectsWith(process.wait({ signal: AbortSignal.abort() }), AbortError)
      await rejectsWith(process.wait({ timeoutMs: 0 }), InvalidConfigError)
    })
  })

  describe('the exit', () => {
    it('GCSH-028 a wait outlives the time of a request', async () => {
      await connected('linux', { requestTimeoutMs: 1000, onRequestTimeout: 'close' })
      const { process, served } = await start()
      fake.clock.advance(1_000_000)
      assert.equal(await pending(process.wait()), true)
      peer.answer(served.wait, { ExitCode: 5 })
      assert.deepEqual(await process.wait(), { exitCode: 5, known: true })
    })

    for (const code of [0, 1, 137, 255, 4294967295]) {
      it(`GCSH-067 the exit code ${code} is reported as it is`, async () => {
        await connected()
        const { process, served } = await start()
        peer.answer(served.wait, { ExitCode: code })
        assert.deepEqual(await process.wait(), { exitCode: code, known: true })
        assert.equal(await process.exitCode(), code)
      })
    }

    for (const [carried, expected] of [
      [{}, 0],
      [{ ExitCode: 9 }, 9],
    ] as const) {
      it(`GCSH-068 a process the guest has forgotten has exited, with ${expected}, which is not known`, async () => {
        await connected()
        const { process, served } = await start()
        peer.answer(served.wait, { Result: NOT_FOUND, ...carried })
        assert.deepEqual(await process.wait(), { exitCode: expected, known: false })
        assert.equal(await process.exitCode(), expected)
      })
    }

    it('GCSH-069 a wait that fails gives no exit code; output still comes', async () => {
      await connected()
      const { process, served } = await start({ CreateStdOutPipe: true })
      peer.answer(served.wait, { Result: -1070137074, ErrorMessage: 'no such container' })
      for (const call of [() => process.wait(), () => process.wait(), () => process.exitCode()]) {
        const error = await rejectsWith(call(), GuestRPCError)
        assert.equal(error.result, 0xc037010e)
      }
      served.stdout?.end('late')
      assert.equal(String(await process.stdout?.toArray()), 'late')
    })

    it('GCSH-070 the exit code before the exit is an error', async () => {
      await connected()
      const { process } = await start()
      const error = await rejectsWith(process.exitCode(), InvalidStateError)
      assert.equal(error.state, 'running')
      assert.deepEqual([error.op, error.id], ['process.exitCode', 'vm:7'])
    })

    it('GCSH-073 a connection that ends fails the wait; its streams fail with it', async () => {
      await connected()
      const { process, served } = await start(ALL)
      served.stdout?.write('some')
      await once(process.stdout!, 'readable')
      const waiting = process.wait()
      waiting.catch(() => undefined)
      const errors: unknown[] = []
      for (const stream of [process.stdin, process.stdout, process.stderr]) stream!.on('error', (e) => errors.push(e))
      const reading = process.stderr!.toArray()
      reading.catch(() => undefined)
      peer.destroy()
      const error = await rejectsWith(waiting, BridgeClosedError)
      assert.equal(isAlreadyClosed(error), true)
      await rejectsWith(reading, BridgeClosedError)
      for (const stream of [process.stdin!, process.stdout!, process.stderr!]) {
        if (!stream.closed) await once(stream, 'close')
      }
      assert.deepEqual(errors.map((failed) => failed instanceof BridgeClosedError && failed.op).sort(), [
        'process.stderr',
        'process.stdin',
        'process.stdout',
      ])
      await rejectsWith(process.wait(), BridgeClosedError)
      await rejectsWith(process.exitCode(), BridgeClosedError)
      for (const call of [
        () => process.signal(),
        () => process.kill(),
        () => process.resizeConsole(80, 25),
        () => process.closeStdin(),
      ]) {
        await rejectsWith(call(), GuestConnectionUnavailableError, (failure) => {
          assert(failure.cause instanceof BridgeClosedError)
        })
      }
      await process.close()
    })
  })

  describe('signals', () => {
    async function sends(
      guestOS: 'linux' | 'windows',
      isSupported: boolean,
      signal: number | string | undefined,
      expected: unknown,
    ): Promise<void> {
      if (isSupported) await connected(guestOS)
      else await connectedWithoutSignals(guestOS)
      const { process } = await start()
      const signalling = process.signal(signal === undefined ? undefined : { Signal: signal })
      const request = await peer.next(TYPE.signal)
      const options = expected === undefined ? '' : `,"Options":{"Signal":${JSON.stringify(expected)}}`
      assert.equal(request.text, `{"ContainerId":"${NULL_ID}","ActivityId":"${NULL_ID}","ProcessId":7${options}}\n`)
      peer.answer(request)
      assert.equal(await signalling, true)
    }

    for (const [guestOS, isSupported, signal, expected] of [
      ['linux', true, 1, 1],
      ['linux', true, 9, 9],
      ['linux', true, 31, 31],
      ['linux', true, 'SIGHUP', 1],
      ['linux', true, 'usr1', 10],
      ['linux', true, '15', 15],
      ['linux', true, '', 15],
      ['linux', true, undefined, 15],
      ['linux', false, 15, undefined],
      ['linux', false, 'KILL', undefined],
      ['linux', false, 6, undefined],
      ['linux', false, '', undefined],
      ['linux', false, undefined, undefined],
      ['windows', true, 0, 'CtrlC'],
      ['windows', true, 1, 'CtrlBreak'],
      ['windows', true, 2, 'CtrlClose'],
      ['windows', true, 5, 'CtrlLogOff'],
      ['windows', true, 6, 'CtrlShutdown'],
      ['windows', true, 15, 'CtrlShutdown'],
      ['windows', true, 9, undefined],
      ['windows', true, 'ctrlbreak', 'CtrlBreak'],
      ['windows', true, 'SIGTERM', 'CtrlShutdown'],
      ['windows', true, undefined, 'CtrlShutdown'],
      ['windows', false, 15, undefined],
      ['windows', false, 9, undefined],
      ['windows', false, 6, undefined],
      ['windows', false, undefined, undefined],
    ] as const) {
      const support = isSupported ? 'that takes signals' : 'that only ends processes'
      it(`GCSH-072 a ${guestOS} guest ${support}: ${JSON.stringify(signal)} becomes ${JSON.stringify(expected)}`, () =>
        sends(guestOS, isSupported, signal, expected))
    }

    for (const [guestOS, isSupported, refused] of [
      ['linux', true, [0, 32, -1, 1.5, 'NOSUCH', null, {}]],
      ['linux', false, [1, 2, 'HUP']],
      ['windows', true, [3, 4, 7, 'HUP', 'Ctrl']],
      ['windows', false, [0, 'CtrlC', 5]],
    ] as const) {
      it(`signals that a ${guestOS} guest has not (support ${isSupported}) are refused before they are sent`, async () => {
        if (isSupported) await connected(guestOS)
        else await connectedWithoutSignals(guestOS)
        const { process } = await start()
        for (const signal of refused) {
          await rejectsWith(process.signal({ Signal: signal as number }), InvalidConfigError, (error) => {
            assert.equal(error.path, 'Signal')
          })
        }
        await rejectsWith(process.signal(null as never), InvalidConfigError)
        assert.equal(peer.unread, 0)
      })
    }

    it('GCSH-072 a kill has no Options', async () => {
      await connected()
      const { process } = await start()
      const killing = process.kill()
      const request = await peer.next(TYPE.signal)
      assert.equal('Options' in request.body, false)
      peer.answer(request)
      assert.equal(await killing, true)
    })

    it('GCSH-071 delivered, gone already, or refused', async () => {
      await connected()
      const { process } = await start()
      for (const [result, expected] of [
        [0, true],
        [NOT_FOUND, false],
        [0x80070490, false],
      ] as const) {
        const signalling = process.signal({ Signal: 1 })
        peer.answer(await peer.next(TYPE.signal), { Result: result })
        assert.equal(await signalling, expected)
      }
      const refused = process.signal({ Signal: 1 })
      peer.answer(await peer.next(TYPE.signal), { Result: -1070137074 })
      await rejectsWith(refused, GuestRPCError, (error) => assert.equal(error.result, 0xc037010e))
    })
  })

  describe('the console', () => {
    it('a resize names height and width', async () => {
      await connected()
      const { process } = await start({ EmulateConsole: true, CreateStdOutPipe: true })
      const resizing = process.resizeConsole(120, 40)
      const request = await peer.next(TYPE.resize)
      assert.equal(
        request.text,
        `{"ContainerId":"${NULL_ID}","ActivityId":"${NULL_ID}","ProcessId":7,"Height":40,"Width":120}\n`,
      )
      peer.answer(request)
      await resizing
      const refused = process.resizeConsole(70_000, 1)
      peer.answer(await peer.next(TYPE.resize), { Result: -1070137075 })
      await rejectsWith(refused, GuestRPCError)
      for (const [width, height] of [
        [-1, 1],
        [1, 1.5],
        ['80', 25],
        [80, 1e21],
      ]) {
        await rejectsWith(process.resizeConsole(width as number, height as number), InvalidConfigError)
      }
      assert.equal(peer.unread, 0)
    })

    it('a resize that is given up is answered to nobody', async () => {
      await connected()
      const { process } = await start()
      const resizing = process.resizeConsole(80, 25, { timeoutMs: 10 })
      const request = await peer.next(TYPE.resize)
      fake.clock.advance(10)
      await rejectsWith(resizing, OperationTimeoutError)
      peer.answer(request, { Result: E_FAIL })
      await start()
    })
  })

  describe('close', () => {
    it('sends nothing, closes the streams, and leaves the exit to be waited for', async () => {
      await connected()
      const { process, served } = await start(ALL)
      const waiting = process.wait()
      await process.close()
      await process.close()
      for (const stream of [process.stdin!, process.stdout!, process.stderr!]) assert.equal(stream.destroyed, true)
      for (const socket of [served.stdin!, served.stdout!, served.stderr!]) {
        socket.resume()
        if (!socket.readableEnded) await once(socket, 'end')
        socket.destroy()
      }
      assert.equal(peer.unread, 0)
      for (const call of [() => process.signal(), () => process.kill(), () => process.resizeConsole(1, 1)]) {
        await rejectsWith(call(), InvalidStateError, (error) => assert.equal(error.state, 'closed'))
      }
      const later = process.wait()
      peer.answer(served.wait, { ExitCode: 4 })
      assert.deepEqual(await Promise.all([waiting, later]), [
        { exitCode: 4, known: true },
        { exitCode: 4, known: true },
      ])
      assert.equal(await process.exitCode(), 4)
    })

    it('resolves in every state: before the streams connect, after the exit, without a connection, after the guest', async () => {
      await connected()
      const unconnected = (await start(ALL, { dials: false })).process
      await unconnected.close()
      assert.deepEqual(await fake.sockets(), [])
      const exited = await start(ALL, { pid: 8 })
      peer.answer(exited.served.wait, { ExitCode: 0 })
      await exited.process.wait()
      await exited.process.close()
      const lost = (await start(ALL, { pid: 9 })).process
      const left = (await start({}, { pid: 10 })).process
      peer.destroy()
      await rejectsWith(lost.wait(), BridgeClosedError)
      await lost.close()
      await fake.guest.close()
      await left.close()
      await left.close({ timeoutMs: 1000 })
    })

    it('closing the connection on purpose fails the waits and destroys the streams', async () => {
      await connected()
      const { process } = await start(ALL)
      const waiting = process.wait()
      waiting.catch(() => undefined)
      await fake.guest.closeConnection()
      await rejectsWith(waiting, BridgeClosedError)
      for (const stream of [process.stdin!, process.stdout!, process.stderr!]) {
        if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve))
        assert(stream.errored instanceof BridgeClosedError)
      }
      // The guest may still dial ports it was given: nobody listens any more.
      assert.deepEqual(await fake.sockets(), [])
    })

    it('a guest that answers the start and the wait, and then the start again, has broken the protocol', async () => {
      await connected()
      const { process, served } = await start()
      peer.send(frame(0x20100501, served.execute.id, '{"Result":0,"ProcessId":8}'))
      await rejectsWith(process.wait(), BridgeClosedError)
    })
  })

  describe('what callers hold of a process', () => {
    it('the exit and what is saved are each caller’s own', async () => {
      await connected()
      const { process, served } = await start({ CreateStdOutPipe: true })
      peer.answer(served.wait, { ExitCode: 3 })
      const mine = await process.wait()
      mine.exitCode = 99
      const other = await process.wait()
      assert.equal(other.exitCode, 3)
      other.exitCode = 98
      assert.equal((await process.wait()).exitCode, 3)
      const saved = process.save()
      saved.ports.stdout = 1
      assert.equal(process.save().ports.stdout, 0x40000001)
    })

    it('a process whose caller gave up while its streams were being listened for is never asked for', async () => {
      await connected()
      const { transport } = fake.env
      const [listen, begun, gate] = [transport.listen.bind(transport), deferred(), deferred()]
      transport.listen = async (address) => {
        begun.resolve()
        await gate.promise
        return listen(address)
      }
      const abort = new AbortController()
      const creating = rejectsWith(
        fake.guest.createProcess({ CommandArgs: ['cat'], ...ALL }, { signal: abort.signal }),
        AbortError,
      )
      await begun.promise
      abort.abort()
      await creating
      // Its actor knows of that once it has answered something else.
      await fake.mailbox.call('negotiated', {}, { op: 'guest.createProcess', id: 'vm' })
      gate.resolve()
      const stacks = fake.guest.dumpStacks()
      peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: '' })
      await stacks
    })

    it('a process whose exit is known is not opened again by the wait that is still to be answered', async () => {
      await connected()
      const open = (): Promise<GuestProcess> => fake.guest.openProcess({ pid: 7, waitId: 1_000n, ports: {} })
      const opening = open()
      peer.answer(await peer.next(TYPE.wait), { ExitCode: 5 })
      assert.equal((await (await opening).wait()).exitCode, 5)
      assert.equal((await rejectsWith(open(), InvalidStateError)).state, 'wait-unknown')
    })

    it('a wait that is outstanding for something else is none to open a process with', async () => {
      await connected()
      const stacks = fake.guest.dumpStacks()
      const asked = await peer.next(TYPE.dumpStacks)
      const error = await rejectsWith(
        fake.guest.openProcess({ pid: 7, waitId: asked.id, ports: {} }),
        InvalidStateError,
      )
      assert.equal(error.state, 'wait-unknown')
      peer.answer(asked, { GuestStacks: '' })
      await stacks
    })
  })
})
