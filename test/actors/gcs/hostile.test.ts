// A guest that breaks every rule, against a Host in its real threads. It may cost its own connection and nothing else: after each test the
// guest of a second VM still answers, its process still streams, and this process lives.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  GuestRPCError,
  OverloadedError,
  ProtocolError,
  UnsupportedGuestError,
  type GuestProcess,
  type UVMError,
} from '#dist/index.js'
import { dial, frame, LINUX_CAPABILITIES, TYPE, type Peer, type PeerFrame } from '../../peer/peer.js'
import { serveProcess, type ServedProcess } from '../../peer/process.js'
import { rejectsWith } from '../../support/expect.js'
import { useScriptedHost, type ScriptedGuest } from '../../support/scripted-host.js'

const MIB = 1024 * 1024
const DISK = { MountPath: '/mnt', Lun: 1 }
const MODIFY = 0x20100a01
const ZERO_ID = '00000000-0000-0000-0000-000000000000'
const EXIT = `{"ContainerId":"c","ActivityId":"${ZERO_ID}","Type":"UnexpectedExit","Operation":"None","Result":0}`

describe('a hostile guest', () => {
  let hostile: ScriptedGuest
  let peer: Peer
  let good: ScriptedGuest
  let goodPeer: Peer
  let goodProcess: GuestProcess
  let served: ServedProcess

  // Both VMs share the one actor thread. This runs before the VMs are closed.
  afterEach(async () => {
    const dumping = good.guest.dumpStacks()
    goodPeer.answer(await goodPeer.next(TYPE.dumpStacks), { GuestStacks: 'unharmed' })
    assert.equal(await dumping, 'unharmed')
    goodProcess.stdin!.write('ping')
    assert.equal(String((await once(served.stdin!, 'data'))[0]), 'ping')
    served.stdout!.write('pong')
    assert.equal(String((await once(goodProcess.stdout!, 'data'))[0]), 'pong')
    assert.equal(goodPeer.unread, 0)
    assert.equal((await test.host.stats()).actors.vm, 2)
  })

  const test = useScriptedHost({ threads: 1 })

  beforeEach(async () => {
    hostile = await test.guest({ log: true })
    good = await test.guest()
    goodPeer = await good.connect()
    const creating = good.guest.createProcess({ CommandArgs: ['cat'], CreateStdInPipe: true, CreateStdOutPipe: true })
    served = await serveProcess(goodPeer, good.path)
    goodProcess = await creating
  })

  /** Two calls in flight; the guest does its worst to the first; both errors, and what the connection says of its end. */
  async function suffer(act: (request: PeerFrame) => void | Promise<void>): Promise<{
    own: UVMError
    other: UVMError
    ended: UVMError
  }> {
    peer = await hostile.connect()
    const ended = new Promise<UVMError>((resolve) =>
      hostile.guest.on('disconnected', (error) => resolve(error as UVMError)),
    )
    const calls = [hostile.guest.addLCOWMappedVirtualDisk(DISK), hostile.guest.addLCOWMappedVirtualDisk(DISK)]
    const errors = Promise.all(calls.map((call) => rejectsWith<Error>(call, Error)))
    const request = await peer.next(TYPE.modify)
    await peer.next(TYPE.modify)
    await act(request)
    const [own, other] = (await errors) as UVMError[]
    await peer.closed
    assert(other instanceof BridgeClosedError, String(other))
    assert((await ended) instanceof BridgeClosedError)
    await rejectsWith(hostile.guest.dumpStacks(), GuestConnectionUnavailableError, (error) => {
      assert(error.cause instanceof BridgeClosedError)
    })
    return { own: own!, other, ended: await ended }
  }

  /** What breaks the protocol without answering anything: everything in flight is closed, the cause says why. */
  async function breaks(act: (request: PeerFrame) => void | Promise<void>, reason: RegExp): Promise<void> {
    const { own, ended } = await suffer(act)
    assert(own instanceof BridgeClosedError, String(own))
    assert(ended.cause instanceof ProtocolError, String(ended.cause))
    assert.match(ended.cause.message, reason)
    assert(own.cause instanceof ProtocolError)
  }

  /** What answers a call badly: that call hears of it itself. */
  async function answersBadly(payload: string | Buffer, reason: RegExp): Promise<void> {
    const { own, ended } = await suffer(({ id }) => peer.send(frame(MODIFY, id, payload)))
    assert(own instanceof ProtocolError, String(own))
    assert.match(own.message, reason)
    assert.equal(own.op, 'guest.addLCOWMappedVirtualDisk')
    assert(ended.cause instanceof ProtocolError)
  }

  it('answers an unknown id', () =>
    breaks(() => peer.send(frame(MODIFY, 4711n, '{"Result":0}')), /4711, which is not outstanding/))

  it('answers twice', async () => {
    peer = await hostile.connect()
    const calls = [hostile.guest.addLCOWMappedVirtualDisk(DISK), hostile.guest.addLCOWMappedVirtualDisk(DISK)]
    calls[1]!.catch(() => undefined)
    const { id } = await peer.next(TYPE.modify)
    peer.send(Buffer.concat([frame(MODIFY, id, '{"Result":0}'), frame(MODIFY, id, '{"Result":0}')]))
    await calls[0]
    const error = await rejectsWith(calls[1]!, BridgeClosedError)
    assert(error.cause instanceof ProtocolError)
    await peer.closed
  })

  for (const size of [15, 0, 0xffff_ffff]) {
    it(`sends a header with the size ${size}`, () =>
      breaks(({ id }) => peer.send(frame(MODIFY, id, '', size)), new RegExp(`invalid size ${size}`)))
  }

  it('sends 70,000 bytes in one frame', () =>
    breaks(({ id }) => peer.send(frame(MODIFY, id, 'x'.repeat(70_000 - 16))), /invalid size 70000/))

  for (const [what, payload] of [
    ['closed', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['unclosed', '['.repeat(30_000)],
    ['in objects, unclosed', '{"a":'.repeat(12_000)],
    ['behind a valid member', `{"Result":0,"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
  ] as const) {
    it(`nests JSON 30,000 deep inside one legal frame, ${what}`, () =>
      answersBadly(payload, /nested more than 128 deep/))
  }

  for (const [what, nested] of [
    ['closed', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['unclosed', '['.repeat(30_000)],
  ] as const) {
    it(`nests JSON 30,000 deep inside a nested document, ${what}`, async () => {
      peer = await hostile.connect()
      const creating = hostile.guest.createContainer('c', {})
      peer.answer(await peer.next(TYPE.create))
      const container = await creating
      const asking = container.propertiesV2(['Statistics'])
      asking.catch(() => undefined)
      const request = await peer.next(0x10100901)
      peer.send(frame(0x20100901, request.id, JSON.stringify({ Result: 0, Properties: nested })))
      await rejectsWith(asking, ProtocolError)
      await peer.closed
      await rejectsWith(container.wait(), BridgeClosedError)
    })
  }

  it('uses __proto__ and constructor as keys', async () => {
    peer = await hostile.connect()
    const dumping = hostile.guest.dumpStacks()
    const evil = '{"Result":7,"GuestStacks":"evil","isAdmin":true}'
    peer.answer(
      await peer.next(),
      `{"__proto__":${evil},"constructor":{"prototype":${evil}},"Result":0,"Big":99999999999999999999,"GuestStacks":"own"}`,
    )
    assert.equal(await dumping, 'own')
    assert.equal(({} as Record<string, unknown>)['isAdmin'], undefined)
    const refused = hostile.guest.addLCOWMappedVirtualDisk(DISK)
    peer.answer(
      await peer.next(),
      `{"__proto__":{"Result":0},"Result":-5,"ErrorRecords":[{"__proto__":{"Message":7}}]}`,
    )
    await rejectsWith(refused, GuestRPCError, (error) => assert.equal(error.result, 0xffff_fffb))
  })

  it('writes integers of 80 digits, of either sign', async () => {
    peer = await hostile.connect()
    for (const sign of ['', '-']) {
      const dumping = hostile.guest.dumpStacks()
      peer.answer(await peer.next(), `{"Result":0,"GuestStacks":"s","Big":${sign}${'9'.repeat(80)}}`)
      assert.equal(await dumping, 's')
    }
    const dumping = hostile.guest.dumpStacks()
    dumping.catch(() => undefined)
    peer.answer(await peer.next(), `{"Result":${'9'.repeat(80)}}`)
    await rejectsWith(dumping, ProtocolError)
  })

  it('repeats its keys: the last one counts', async () => {
    peer = await hostile.connect()
    const refused = hostile.guest.addLCOWMappedVirtualDisk(DISK)
    peer.answer(await peer.next(), '{"Result":0,"Result":0,"Big":12345678901234567890,"Result":-2147467259}')
    await rejectsWith(refused, GuestRPCError, (error) => assert.equal(error.result, 0x80004005))
  })

  it('dials a stdio port twice: one connection counts', async () => {
    peer = await hostile.connect()
    const creating = hostile.guest.createProcess({ CommandArgs: ['x'], CreateStdOutPipe: true })
    const execute = await peer.next(TYPE.execute)
    const sockets = Array.from({ length: 12 }, () => connect(hostile.path('vsock_1073741825')))
    const ends = sockets.map(
      (socket, index) =>
        new Promise<number>((resolve) => {
          socket.on('error', () => undefined)
          socket.on('connect', () => socket.write('once'))
          socket.resume().once('close', () => resolve(index))
        }),
    )
    peer.answer(execute, { ProcessId: 1 })
    const process = await creating
    assert.equal(String((await once(process.stdout!, 'data'))[0]), 'once')
    await Promise.all(ends.map((end, index) => Promise.race([end, Promise.resolve(index)])))
    for (const socket of sockets) socket.destroy()
    assert.equal(String(Buffer.concat(await process.stdout!.toArray())), '')
    assert.equal(await hostile.guest.isConnected(), true)
  })

  it('never dials a stdio port: the exit is reported, and closing ends the reader', async () => {
    peer = await hostile.connect()
    const creating = hostile.guest.createProcess({ CommandArgs: ['x'], CreateStdOutPipe: true, CreateStdInPipe: true })
    peer.answer(await peer.next(TYPE.execute), { ProcessId: 1 })
    const process = await creating
    const reading = process.stdout!.toArray()
    reading.catch(() => undefined)
    peer.answer(await peer.next(TYPE.wait), { ExitCode: 0 })
    assert.deepEqual(await process.wait(), { exitCode: 0, known: true })
    await process.close()
    await rejectsWith(reading, Error, (error) => {
      assert.equal((error as NodeJS.ErrnoException).code, 'ERR_STREAM_PREMATURE_CLOSE')
    })
  })

  it('floods notifications', () =>
    breaks(() => {
      const flood = Buffer.concat(Array.from({ length: 20_000 }, () => frame(0x30100101, 0n, EXIT)))
      peer.send(flood)
    }, /container "c", which nobody waits for/))

  it('notifies of a container again and again', async () => {
    peer = await hostile.connect()
    const creating = hostile.guest.createContainer('c', {})
    peer.answer(await peer.next(TYPE.create))
    const container = await creating
    peer.send(Buffer.concat([frame(0x30100101, 0n, EXIT), frame(0x30100101, 0n, EXIT)]))
    await container.wait()
    await peer.closed
    assert.equal(await hostile.guest.isConnected(), false)
  })

  /** Writes until so much is out or the host hangs up. */
  async function flood(socket: Socket, block: Buffer, bytes: number): Promise<void> {
    const closed = new Promise<void>((resolve) => socket.once('close', resolve))
    for (let sent = 0; sent < bytes && !socket.destroyed; sent += block.byteLength) {
      if (!socket.write(block)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed])
    }
  }

  for (const [what, block] of [
    ['garbage', Buffer.alloc(64 * 1024, 'no log line ')],
    ['an entry that never ends', Buffer.alloc(64 * 1024, '{"msg":"')],
    ['entries', Buffer.alloc(64 * 1024, '{"level":"info","msg":"again and again and again"}\n'.padEnd(64))],
  ] as const) {
    it(`floods the log with ${what}: memory stays bounded`, async () => {
      peer = await hostile.connect()
      const logged = new Promise((resolve) => hostile.guest.once('log', resolve))
      const before = process.memoryUsage.rss()
      const log = await dial(hostile.path('vsock_109'))
      await flood(log, block, what === 'entries' ? 6 * MIB : 48 * MIB)
      log.end()
      await once(log.resume(), 'close')
      assert(process.memoryUsage.rss() - before < 256 * MIB)
      await logged
      assert.equal(await hostile.guest.isConnected(), true)
    })
  }

  it('floods the bridge with bytes of every kind', () =>
    breaks(
      () => peer.send(Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => (index * 31 + 7) & 0xff))),
      /invalid size/,
    ))

  it('reads nothing: calls beyond a bound are refused, memory stays bounded', async () => {
    peer = await hostile.connect()
    peer.socket.pause()
    const before = process.memoryUsage.rss()
    const config = { filler: 'x'.repeat(4 * MIB) }
    const calls = Array.from({ length: 12 }, (_, index) => hostile.guest.createContainer(`c${index}`, config))
    const outcomes = Promise.allSettled(calls)
    await rejectsWith(calls.at(-1)!, OverloadedError)
    assert(process.memoryUsage.rss() - before < 400 * MIB)
    await hostile.guest.closeConnection()
    const codes = (await outcomes).map((one) => (one.status === 'rejected' ? (one.reason as UVMError).code : 'ok'))
    assert.deepEqual([...new Set(codes)].sort(), ['UVM_BRIDGE_CLOSED', 'UVM_OVERLOADED'])
  })

  for (const [where, bytes] of [
    ['a header', 5],
    ['a payload', 21],
  ] as const) {
    it(`closes inside ${where}`, () =>
      breaks(
        ({ id }) => void peer.socket.end(frame(MODIFY, id, '{"Result":0}').subarray(0, bytes)),
        new RegExp(`inside ${where}`),
      ))
  }

  async function refusesToConnect<E extends Error>(
    answer: object | string,
    type: abstract new (...args: never[]) => E,
    reason: RegExp,
  ): Promise<void> {
    const connecting = hostile.guest.createConnection()
    connecting.catch(() => undefined)
    peer = await hostile.dial()
    peer.answer(await peer.next(TYPE.negotiate), answer)
    const error = await rejectsWith(connecting, type)
    assert.match(error.message, reason)
    await peer.closed
    assert.equal(await hostile.guest.isConnected(), false)
  }

  it('claims version 3', () =>
    refusesToConnect({ Version: 3, Capabilities: LINUX_CAPABILITIES }, ProtocolError, /version 3, not 4/))

  it('says that it is another system', () =>
    refusesToConnect(
      { Version: 4, Capabilities: { ...LINUX_CAPABILITIES, RuntimeOsType: 'Windows' } },
      UnsupportedGuestError,
      /"Windows"/,
    ))

  it('says that it is a system nobody knows', () =>
    refusesToConnect(
      { Version: 4, Capabilities: { ...LINUX_CAPABILITIES, RuntimeOsType: 'TempleOS'.repeat(1000) } },
      UnsupportedGuestError,
      /"TempleOSTempleOS/,
    ))

  it('answers the negotiation with JSON nested 30,000 deep', () =>
    refusesToConnect('['.repeat(30_000), ProtocolError, /nested more than 128 deep/))

  it('answers with the unsigned Result 3224830222, which is taken for the signed one', async () => {
    peer = await hostile.connect()
    for (const result of [3224830222, -1070137074]) {
      const refused = hostile.guest.addLCOWMappedVirtualDisk(DISK)
      peer.answer(await peer.next(), `{"Result":${result}}`)
      await rejectsWith(refused, GuestRPCError, (error) => assert.equal(error.result, 0xc037010e))
    }
    assert.equal(await hostile.guest.isConnected(), true)
  })

  it('answers with a Result beyond 32 bits', () =>
    answersBadly('{"Result":4294967296}', /Result is not an integer from/))

  it('answers with an empty payload', () => answersBadly('', /cannot be decoded/))

  it('answers with an ActivityId that is no GUID', () =>
    answersBadly('{"Result":0,"ActivityId":"not-a-guid"}', /ActivityId is not a GUID/))

  it('answers with bytes that are no text', () => answersBadly(Buffer.alloc(64, 0xff), /not UTF-8/))

  it('sends a request of its own', () => breaks(({ id }) => peer.send(frame(TYPE.modify, id, '{}')), /unexpected type/))
})
