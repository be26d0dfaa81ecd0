// A connection that outlives its transport, and one that takes over from another process: what a live migration asks of the guest manager.

import assert from 'node:assert/strict'
import {
  AbortError,
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  ProtocolError,
  UnsupportedGuestError,
  type GuestProcess,
  type SavedProcess,
} from '#dist/index.js'
import { fakeGuest, type FakeGuest } from '../../fakes/guest.js'
import { dial, frame, LINUX_CAPABILITIES, TYPE, type Peer } from '../../peer/peer.js'
import { pending, rejectsWith } from '../../support/expect.js'

const DISK = { MountPath: '/mnt', Lun: 1 }

describe('migration', () => {
  let fake: FakeGuest
  let peer: Peer
  const disconnects: (Error | undefined)[] = []
  async function make(...options: Parameters<typeof fakeGuest>): Promise<void> {
    fake = await fakeGuest(...options)
    disconnects.length = 0
    fake.guest.on('disconnected', (error) => disconnects.push(error))
    peer = await fake.connect()
  }
  afterEach(() => fake.close())

  /** A process of the UVM that runs, and its wait. */
  async function running(streams: object = {}): Promise<{ process: GuestProcess; waitId: bigint }> {
    const starting = fake.guest.createProcess({ CommandArgs: ['sleep'], ...streams })
    peer.answer(await peer.next(TYPE.execute), { ProcessId: 7 })
    const process = await starting
    const wait = await peer.next(TYPE.wait)
    assert.equal(process.save().waitId, wait.id)
    return { process, waitId: wait.id }
  }

  /** The guest's transport goes; the connection waits for a new one. */
  async function lose(): Promise<void> {
    await fake.guest.setMigrating(true)
    peer.destroy()
    while (await fake.guest.isConnected()) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Dials again and negotiates; answers what the host sent. */
  async function resume(capabilities: object = LINUX_CAPABILITIES): Promise<void> {
    const resuming = fake.guest.resumeConnection()
    resuming.catch(() => undefined)
    peer = await fake.dial()
    peer.answer(await peer.next(TYPE.negotiate), { Version: 4, Capabilities: capabilities })
    await resuming
  }

  describe('a transport that is lost', () => {
    it('GCSH-074 leaves outstanding calls pending while migrating, and is no disconnect', async () => {
      await make()
      const { process } = await running()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      call.catch(() => undefined)
      await peer.next(TYPE.modify)
      await lose()
      assert.equal(await pending(call), true)
      assert.equal(await pending(process.wait()), true)
      assert.equal(await fake.guest.capabilities(), undefined)
      assert.deepEqual(disconnects, [])
    })

    it('GCSH-074 also inside a frame', async () => {
      await make()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      const { id } = await peer.next(TYPE.modify)
      await fake.guest.setMigrating(true)
      peer.socket.end(frame(0x20100a01, id, '{"Result":0}').subarray(0, 20))
      while (await fake.guest.isConnected()) await new Promise((resolve) => setImmediate(resolve))
      await resume()
      peer.send(frame(0x20100a01, id, '{"Result":0}'))
      await call
    })

    it('GCSH-075 fails only the calls that are made while it is down', async () => {
      await make()
      const outstanding = fake.guest.dumpStacks()
      const { id } = await peer.next(TYPE.dumpStacks)
      await lose()
      const error = await rejectsWith(fake.guest.addLCOWMappedVirtualDisk(DISK), GuestConnectionUnavailableError)
      assert.match(error.message, /migration/)
      await rejectsWith(fake.guest.createProcess({ CommandArgs: ['a'] }), GuestConnectionUnavailableError)
      await rejectsWith(fake.guest.createConnection(), InvalidStateError)
      await resume()
      peer.send(frame(0x20100c01, id, '{"Result":0,"GuestStacks":"late"}'))
      assert.equal(await outstanding, 'late')
    })

    it('without migrating ends the connection', async () => {
      await make()
      await fake.guest.setMigrating(true)
      await fake.guest.setMigrating(false)
      const call = fake.guest.dumpStacks()
      call.catch(() => undefined)
      await peer.next(TYPE.dumpStacks)
      peer.destroy()
      await rejectsWith(call, BridgeClosedError)
    })

    it('is fatal once migrating is switched off while it is down', async () => {
      await make()
      const { process } = await running()
      await lose()
      await fake.guest.setMigrating(false)
      await rejectsWith(process.wait(), BridgeClosedError)
      assert.equal(disconnects.length, 1)
      await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
    })

    it('GCSH-078 close while it is down ends the connection and fails the calls', async () => {
      await make()
      const call = fake.guest.dumpStacks()
      call.catch(() => undefined)
      await peer.next(TYPE.dumpStacks)
      await lose()
      await fake.guest.closeConnection()
      await rejectsWith(call, BridgeClosedError)
      assert.deepEqual(disconnects, [undefined])
    })

    it('a request past its time fails also while it is down', async () => {
      await make('linux', { requestTimeoutMs: 1000, onRequestTimeout: 'close' })
      const call = fake.guest.dumpStacks()
      call.catch(() => undefined)
      await peer.next(TYPE.dumpStacks)
      await lose()
      fake.clock.advance(1000)
      await rejectsWith(call, BridgeClosedError)
      assert.equal(disconnects.length, 1)
    })

    it('a violation of the protocol is fatal also while migrating', async () => {
      await make()
      await fake.guest.setMigrating(true)
      const call = fake.guest.dumpStacks()
      call.catch(() => undefined)
      await peer.next(TYPE.dumpStacks)
      peer.send(frame(0x20100c01, 999n, '{}'))
      const error = await rejectsWith(call, BridgeClosedError)
      assert(error.cause instanceof ProtocolError)
    })
  })

  describe('resume', () => {
    it('GCSH-076 without migrating is refused, and who dialled is turned away', async () => {
      await make()
      await fake.guest.setMigrating(true)
      await fake.guest.prepareConnection()
      await fake.guest.setMigrating(false)
      const second = await fake.dial()
      const error = await rejectsWith(fake.guest.resumeConnection(), InvalidStateError)
      assert.equal(error.op, 'guest.resumeConnection')
      await second.closed
      const call = fake.guest.dumpStacks()
      peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: 's' })
      await call
    })

    it('without a connection is unavailable', async () => {
      fake = await fakeGuest()
      await rejectsWith(fake.guest.resumeConnection(), GuestConnectionUnavailableError)
    })

    it('GCSH-077 negotiates on the new transport without a cold start, and old waits complete there', async () => {
      await make('windows')
      const { process, waitId } = await running()
      const nextId = await fake.guest.bridgeNextId()
      await lose()
      assert.equal(await fake.guest.bridgeNextId(), nextId)
      const resuming = fake.guest.resumeConnection()
      peer = await fake.dial()
      const negotiate = await peer.next(TYPE.negotiate)
      assert.equal(negotiate.id, nextId, 'ids go on')
      peer.answer(negotiate, { Version: 4, Capabilities: { ...LINUX_CAPABILITIES, RuntimeOsType: 'Windows' } })
      await resuming
      assert.equal(peer.unread, 0)
      await fake.guest.setMigrating(false)
      peer.send(frame(0x20100601, waitId, '{"Result":0,"ExitCode":5}'))
      assert.deepEqual(await process.wait(), { exitCode: 5, known: true })
      assert.deepEqual(disconnects, [])
    })

    it('has nothing to do when the transport was never lost', async () => {
      await make()
      await fake.guest.setMigrating(true)
      await fake.guest.resumeConnection()
      await fake.guest.setMigrating(false)
      assert.equal(await fake.guest.isConnected(), true)
      assert.equal(peer.unread, 0)
    })

    it('a transport lost again during the negotiation can be resumed again', async () => {
      await make()
      const { process, waitId } = await running()
      await lose()
      const resuming = fake.guest.resumeConnection()
      resuming.catch(() => undefined)
      peer = await fake.dial()
      await peer.next(TYPE.negotiate)
      peer.destroy()
      await rejectsWith(resuming, BridgeClosedError)
      await resume()
      peer.send(frame(0x20100601, waitId, '{"Result":0,"ExitCode":1}'))
      assert.equal((await process.wait()).exitCode, 1)
    })

    it('other calls wait until the negotiation is through: they are refused', async () => {
      await make()
      await lose()
      const resuming = fake.guest.resumeConnection()
      peer = await fake.dial()
      const negotiate = await peer.next(TYPE.negotiate)
      await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
      assert.equal(peer.unread, 0)
      peer.answer(negotiate, { Version: 4, Capabilities: LINUX_CAPABILITIES })
      await resuming
    })

    it('a guest that is another one now ends the connection', async () => {
      await make()
      const { process } = await running()
      await lose()
      await rejectsWith(resume({ ...LINUX_CAPABILITIES, RuntimeOsType: 'Windows' }), UnsupportedGuestError)
      await rejectsWith(process.wait(), BridgeClosedError)
    })

    it('nobody dials: the caller’s time ends the waiting, and it can be tried again', async () => {
      await make()
      await lose()
      const resuming = fake.guest.resumeConnection()
      resuming.catch(() => undefined)
      assert.equal(await pending(resuming), true)
      fake.clock.advance(120_000)
      await rejectsWith(resuming, Error)
      await resume()
    })

    it('given up during the negotiation, it can be tried again', async () => {
      await make()
      const { process, waitId } = await running()
      await lose()
      const abort = new AbortController()
      const resuming = fake.guest.resumeConnection({ signal: abort.signal })
      resuming.catch(() => undefined)
      peer = await fake.dial()
      await peer.next(TYPE.negotiate)
      abort.abort()
      await rejectsWith(resuming, AbortError)
      await peer.closed
      await resume()
      peer.send(frame(0x20100601, waitId, '{"Result":0,"ExitCode":1}'))
      assert.equal((await process.wait()).exitCode, 1)
    })

    it('streams go with the transport; the process is opened again with its wait, without a probe', async () => {
      await make()
      const starting = fake.guest.createProcess({ CommandArgs: ['yes'], CreateStdOutPipe: true })
      const request = await peer.next(TYPE.execute)
      const first = await dial(fake.path('vsock_1073741825'))
      peer.answer(request, { ProcessId: 7 })
      const process = await starting
      const wait = await peer.next(TYPE.wait)
      const saved = process.save()
      const cut = new Promise((resolve) => process.stdout?.once('close', resolve))
      await lose()
      await cut
      first.destroy()
      await resume()
      await fake.guest.setMigrating(false)
      const again = await fake.guest.openProcess(saved)
      const second = await dial(fake.path('vsock_1073741825'))
      second.end('more')
      const chunks: Buffer[] = []
      for await (const chunk of again.stdout!) chunks.push(chunk as Buffer)
      assert.equal(Buffer.concat(chunks).toString(), 'more')
      second.destroy()
      assert.equal(peer.unread, 0, 'nothing was asked')
      peer.answer(wait, { ExitCode: 9 })
      assert.equal((await again.wait()).exitCode, 9)
      assert.equal((await process.wait()).exitCode, 9)
    })
  })

  describe('ids and ports', () => {
    it('GCSH-079 the next id is raised and never lowered', async () => {
      await make()
      await fake.guest.seedBridgeNextId(100)
      await fake.guest.seedBridgeNextId(50n)
      assert.equal(await fake.guest.bridgeNextId(), 100n)
      const call = fake.guest.dumpStacks()
      const request = await peer.next(TYPE.dumpStacks)
      assert.equal(request.id, 100n)
      peer.answer(request, {})
      await call
      for (const wrong of [-1, 1.5, '5', NaN, 2n ** 63n, undefined]) {
        await rejectsWith(fake.guest.seedBridgeNextId(wrong as number), InvalidConfigError)
      }
    })

    it('an id that was jumped over is as unknown as any', async () => {
      await make()
      await fake.guest.seedBridgeNextId(100)
      peer.send(frame(0x20100601, 50n, '{"Result":0}'))
      await peer.closed
    })

    it('GCSH-084 the next port is raised and never lowered', async () => {
      await make()
      assert.equal(await fake.guest.nextPort(), 0x40000001)
      await fake.guest.setNextPort(0x40000010)
      await fake.guest.setNextPort(0x40000002)
      assert.equal(await fake.guest.nextPort(), 0x40000010)
      const starting = fake.guest.createProcess({ CommandArgs: ['a'], CreateStdOutPipe: true })
      const request = await peer.next(TYPE.execute)
      assert.deepEqual((request.body['Settings'] as { VsockStdioRelaySettings: object }).VsockStdioRelaySettings, {
        StdOut: 0x40000010,
      })
      peer.answer(request, { Result: -2147467259 })
      await rejectsWith(starting, Error)
      assert.equal(await fake.guest.nextPort(), 0x40000011)
      for (const wrong of [-1, 1.5, '5', 2 ** 32]) {
        await rejectsWith(fake.guest.setNextPort(wrong as number), InvalidConfigError)
      }
    })
  })

  describe('a destination', () => {
    const SAVED: SavedProcess = { pid: 7, waitId: 40n, ports: {} }

    /** A connection that takes over from another process's. */
    async function destination(before: (peer: Peer) => void = () => undefined): Promise<void> {
      fake = await fakeGuest()
      const connecting = fake.guest.createConnection({ coldStart: false })
      peer = await fake.dial()
      const negotiate = await peer.next(TYPE.negotiate)
      before(peer)
      peer.answer(negotiate, { Version: 4, Capabilities: LINUX_CAPABILITIES })
      await connecting
      assert.equal(peer.unread, 0)
    }

    it('GCSH-080 the adopted wait completes with the answer to its id', async () => {
      await destination()
      await fake.guest.setMigrating(false)
      await fake.guest.setNextPort(0x40000020)
      await fake.guest.seedBridgeNextId(50)
      const process = await fake.guest.openProcess(SAVED)
      const probe = await peer.next(TYPE.wait)
      assert.equal(probe.body['TimeoutInMs'], 50)
      assert.equal(probe.id, 50n)
      peer.answer(probe, { Result: 0xc0370109 | 0 })
      assert.equal(await pending(process.wait()), true)
      peer.send(frame(0x20100601, 40n, '{"Result":0,"ExitCode":3}'))
      assert.deepEqual(await process.wait(), { exitCode: 3, known: true })
      assert.equal(process.pid, 7)
      assert.deepEqual(process.save(), SAVED)
    })

    it('GCSH-081 the same wait taken over twice is one', async () => {
      await destination()
      const first = await fake.guest.openProcess(SAVED)
      const second = await fake.guest.openProcess(SAVED)
      peer.answer(await peer.next(TYPE.wait), { Result: 0xc0370109 | 0 })
      peer.send(frame(0x20100601, 40n, '{"Result":0,"ExitCode":3}'))
      assert.equal((await first.wait()).exitCode, 3)
      assert.equal((await second.wait()).exitCode, 3)
      assert.equal(peer.unread, 0, 'asked once')
    })

    it('GCSH-082 a wait id of 0 is refused, as is what no process was saved as', async () => {
      await destination()
      const { guest } = fake
      for (const wrong of [
        { ...SAVED, waitId: 0n },
        { ...SAVED, waitId: -1n },
        { ...SAVED, waitId: '40' },
        { ...SAVED, pid: -1 },
        { ...SAVED, pid: 'x' },
        { ...SAVED, containerId: '' },
        { ...SAVED, ports: { stdin: -1 } },
        { ...SAVED, ports: null },
        null,
        'saved',
      ]) {
        await rejectsWith(guest.openProcess(wrong as SavedProcess), InvalidConfigError)
      }
      assert.equal(peer.unread, 0)
    })

    it('GCSH-083 a process that has exited already: the probe’s answer is its exit code', async () => {
      await destination()
      const process = await fake.guest.openProcess(SAVED)
      peer.answer(await peer.next(TYPE.wait), { ExitCode: 42 })
      assert.deepEqual(await process.wait(), { exitCode: 42, known: true })
      // The adopted wait may still be answered.
      peer.send(frame(0x20100601, 40n, '{"Result":0,"ExitCode":42}'))
      assert.equal(await fake.guest.isConnected(), true)
    })

    it('an answer that comes before its wait is taken over is held', async () => {
      await destination((early) => early.send(frame(0x20100601, 40n, '{"Result":0,"ExitCode":4}')))
      const process = await fake.guest.openProcess(SAVED)
      assert.equal((await process.wait()).exitCode, 4)
    })

    it('an exit that is told before its container is opened is held', async () => {
      await destination((early) => early.notify('c1'))
      const container = await fake.guest.openContainer('c1')
      await container.wait()
      const other = await fake.guest.openContainer('c2')
      peer.notify('c2')
      await other.wait()
    })

    it('the streams of a saved process listen on their ports again, and new ones come after them', async () => {
      await destination()
      const saved = { pid: 7, waitId: 40, ports: { stdin: 0x40000005, stdout: 0x40000007 } }
      const process = await fake.guest.openProcess(saved as unknown as SavedProcess)
      assert.deepEqual(await fake.sockets(), ['vsock_1073741829', 'vsock_1073741831'])
      assert.equal(process.stderr, null)
      assert.equal(await fake.guest.nextPort(), 0x40000008)
      const [stdin, stdout] = [await dial(fake.path('vsock_1073741829')), await dial(fake.path('vsock_1073741831'))]
      process.stdin?.end('to the guest')
      stdout.end('to the host')
      const texts: string[] = []
      for (const stream of [stdin, process.stdout!]) {
        let text = ''
        for await (const chunk of stream) text += String(chunk)
        texts.push(text)
      }
      assert.deepEqual(texts, ['to the guest', 'to the host'])
      stdin.destroy()
      stdout.destroy()
    })

    it('ports that are taken refuse the process; it can be opened again', async () => {
      await destination()
      const saved: SavedProcess = { pid: 7, waitId: 40n, ports: { stdout: 0x40000007 } }
      const first = await fake.guest.openProcess(saved)
      await rejectsWith(fake.guest.openProcess(saved), Error)
      await first.close()
      const again = await fake.guest.openProcess(saved)
      peer.send(frame(0x20100601, 40n, '{"Result":0,"ExitCode":1}'))
      assert.equal((await again.wait()).exitCode, 1)
    })

    it('a wait that this connection knows as something else is refused', async () => {
      await destination()
      const call = fake.guest.dumpStacks()
      const request = await peer.next(TYPE.dumpStacks)
      await rejectsWith(fake.guest.openProcess({ pid: 7, waitId: request.id, ports: {} }), InvalidStateError)
      peer.answer(request, {})
      await call
      await rejectsWith(fake.guest.openProcess({ pid: 7, waitId: request.id, ports: {} }), InvalidStateError)
    })

    it('what nobody claims in two minutes is a warning; from then on the unknown is a violation', async () => {
      await destination((early) => {
        early.send(frame(0x20100601, 40n, '{"Result":0}'))
        early.notify('c1')
      })
      const warning = new Promise<Error>((resolve) => fake.guest.once('warning', resolve))
      fake.clock.advance(120_000)
      assert.match((await warning).message, /request 40.*container "c1"/)
      assert.equal(await fake.guest.isConnected(), true)
      peer.notify('c2')
      await peer.closed
    })

    it('the same unknown answer twice, or too many, are violations also during the restore', async () => {
      await destination()
      peer.send(frame(0x20100601, 40n, '{"Result":0}'))
      peer.send(frame(0x20100601, 40n, '{"Result":0}'))
      await peer.closed
      await fake.close()
      await destination()
      const padded = `{"Result":0,"x":"${'y'.repeat(60_000)}"}`
      for (let id = 40n; id < 60n; id++) peer.send(frame(0x20100601, id, padded))
      await peer.closed
    })
  })

  describe('a reconnect', () => {
    it('knows what the guest may still say of the connection before', async () => {
      await make()
      const { waitId } = await running()
      const creating = fake.guest.createContainer('c1', {})
      peer.answer(await peer.next(TYPE.create))
      await creating
      const nextId = await fake.guest.bridgeNextId()
      const lost = new Promise((resolve) => fake.guest.once('disconnected', resolve))
      peer.destroy()
      await lost
      const exited = new Promise((resolve) => fake.guest.once('container-exited', resolve))
      const again = fake.guest.createConnection()
      peer = await fake.dial()
      const negotiate = await peer.next(TYPE.negotiate)
      assert.equal(negotiate.id, 0n)
      // What was queued in the guest comes first.
      peer.notify('c1')
      peer.answer(negotiate, { Version: 4, Capabilities: LINUX_CAPABILITIES })
      await again
      assert.equal(await exited, 'c1')
      await (await fake.guest.openContainer('c1')).wait()
      assert.equal(await fake.guest.bridgeNextId(), nextId, 'no id is used for two things')
      peer.send(frame(0x20100601, waitId, '{"Result":0,"ExitCode":1}'))
      const call = fake.guest.dumpStacks()
      peer.answer(await peer.next(TYPE.dumpStacks), {})
      await call
      peer.send(frame(0x20100601, waitId, '{"Result":0,"ExitCode":1}'))
      await peer.closed
    })
  })
})
