// The streams of guest processes: who connects when, how they end, and how much of them anybody holds.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { MessageChannel } from 'node:worker_threads'
import {
  BridgeClosedError,
  GuestConnectionUnavailableError,
  InvalidConfigError,
  InvalidStateError,
  type GuestProcess,
} from '#dist/index.js'
import { OutputChannel } from '#dist/actors/gcs/process/stdio-channel.js'
import type { StdioReadable } from '#dist/actors/gcs/process/stdio-streams.js'
import { ManualClock } from '../../../fakes/clock.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { TYPE, type Peer } from '../../../peer/peer.js'
import { dialStreams, readAll, serveProcess, type ServedProcess, type ServeOptions } from '../../../peer/process.js'
import { pending, rejectsWith } from '../../../support/expect.js'
import { useScriptedHost } from '../../../support/scripted-host.js'
import { transfer } from '../../../support/transfer.js'

const KIB = 1024
const MIB = 1024 * KIB
const WINDOW = 256 * KIB
const ALL = { CreateStdInPipe: true, CreateStdOutPipe: true, CreateStdErrPipe: true }

/** Writes until the host takes no more. @returns how much went out */
async function writeUntilBlocked(socket: Socket, limit: number): Promise<number> {
  const block = Buffer.alloc(16 * KIB)
  while (socket.bytesWritten < limit) {
    if (socket.write(block)) continue
    const drained = once(socket, 'drain').then(() => true)
    // Each byte takes a few turns through sockets and ports.
    let isBlocked = true
    for (let round = 0; round < 10 && isBlocked; round++) isBlocked = await pending(drained)
    if (isBlocked) break
  }
  return socket.bytesWritten - socket.writableLength
}

describe('guest stdio', () => {
  let fake: FakeGuest
  let peer: Peer

  beforeEach(async () => {
    fake = await fakeGuest()
    peer = await fake.connect()
  })
  afterEach(() => fake.close())

  async function start(
    parameters: object = ALL,
    options?: ServeOptions,
  ): Promise<{ process: GuestProcess; served: ServedProcess }> {
    const creating = fake.guest.createProcess({ CommandArgs: ['sh'], ...parameters })
    const served = await serveProcess(peer, fake.path, options)
    return { process: await creating, served }
  }

  describe('connecting', () => {
    it('GCSH-062 what is written before the guest connects is delivered once it does', async () => {
      const { process, served } = await start(ALL, { dials: false })
      process.stdin!.write('early ')
      process.stdin!.end('bird')
      const reading = process.stdout!.toArray()
      assert.equal(await pending(reading), true)
      const { stdin, stdout } = await dialStreams(peer, served.execute, fake.path)
      assert.equal(String(await readAll(stdin!)), 'early bird')
      stdout!.end('late bird')
      assert.equal(String(Buffer.concat(await reading)), 'late bird')
    })

    it('GCSH-063 a stream that never connects ends its reader when the host closes it', async () => {
      const { process } = await start(ALL, { dials: false })
      const reading = process.stdout!.toArray()
      reading.catch(() => undefined)
      assert.equal(await pending(reading), true)
      await process.close()
      await rejectsWith(reading, Error, (error) => {
        assert.equal((error as NodeJS.ErrnoException).code, 'ERR_STREAM_PREMATURE_CLOSE')
      })
      assert.deepEqual(await fake.sockets(), [])
    })

    it('a stream that has not connected five seconds after the exit will not', async () => {
      const { process, served } = await start(ALL, { dials: false })
      peer.answer(served.wait, { ExitCode: 0 })
      await process.wait()
      const stdout = await peer.dialStream(fake.path('vsock_1073741826'))
      const reading = process.stdout!.toArray()
      assert.equal(await pending(reading), true)
      fake.clock.advance(5_000)
      for (const stream of [process.stdin!, process.stderr!]) if (!stream.closed) await once(stream, 'close')
      assert.deepEqual(await fake.sockets(), [])
      // There was no output that could have been cut.
      assert.equal((process.stderr as StdioReadable).cut, undefined)
      stdout.end('in time')
      assert.equal(String(Buffer.concat(await reading)), 'in time')
    })

    it('a stream that is dialled three times has one connection; the others are cut', async () => {
      const { process } = await start(ALL, { dials: false })
      const path = fake.path('vsock_1073741826')
      const dialled = [connect(path), connect(path), connect(path)]
      const ends = dialled.map(async (socket, index) => {
        socket.on('error', () => undefined)
        socket.on('connect', () => socket.write(`from ${index}`))
        await new Promise((resolve) => socket.resume().once('close', resolve))
        return index
      })
      const [first] = (await once(process.stdout!, 'data')) as [Buffer]
      const index = Number(String(first).slice(5))
      await Promise.all(ends.filter((_, other) => other !== index))
      assert.equal(dialled[index]!.destroyed, false)
      assert.deepEqual(await fake.sockets(), ['vsock_1073741825', 'vsock_1073741827'])
      dialled[index]!.destroy()
      await finished(process.stdout!.resume())
      assert.equal(await fake.guest.isConnected(), true)
    })
  })

  describe('ending', () => {
    it('GCSH-064 stdin is half-closed once, however often it is asked', async () => {
      const { process, served } = await start()
      process.stdin!.write('last words')
      await Promise.all([process.closeStdin(), process.closeStdin()])
      await process.closeStdin()
      assert.equal(String(await readAll(served.stdin!)), 'last words')
      served.stdout!.end('still here')
      assert.equal(String(Buffer.concat(await process.stdout!.toArray())), 'still here')
      assert.equal(peer.unread, 0)
    })

    it('closing stdin keeps to its signal and time while the guest does not read', async () => {
      const { process, served } = await start()
      process.stdin!.write(Buffer.alloc(4 * MIB))
      const abort = new AbortController()
      const closing = process.closeStdin({ signal: abort.signal })
      assert.equal(await pending(closing), true)
      abort.abort()
      await rejectsWith(closing, Error, (error) => assert.equal(error.name, 'AbortError'))
      await rejectsWith(process.closeStdin({ timeoutMs: -1 }), InvalidConfigError)
      const rest = process.closeStdin()
      assert.equal((await readAll(served.stdin!)).byteLength, 4 * MIB)
      await rest
    })

    it('GCSH-065 a guest that reports the exit only after the host has closed stdout is not waited for', async () => {
      const { process, served } = await start()
      for (const socket of [served.stdout!, served.stderr!]) {
        socket.end('bye')
        // Nobody reads, and the host closes its end all the same.
        await once(socket.resume(), 'end')
      }
      peer.answer(served.wait, { ExitCode: 0 })
      assert.deepEqual(await process.wait(), { exitCode: 0, known: true })
      assert.equal(String(Buffer.concat(await process.stdout!.toArray())), 'bye')
      assert.equal(String(Buffer.concat(await process.stderr!.toArray())), 'bye')
    })

    it('GCSH-066 output that comes after the exit is delivered', async () => {
      const { process, served } = await start()
      peer.answer(served.wait, { ExitCode: 1 })
      await process.wait()
      served.stdout!.write('a')
      const [first] = (await once(process.stdout!, 'data')) as [Buffer]
      assert.equal(String(first), 'a')
      served.stdout!.end('b')
      assert.equal(String(Buffer.concat(await process.stdout!.toArray())), 'b')
    })

    it('a process that closes its stdin: the write in flight is told, the stream ends without an error', async () => {
      const { process, served } = await start()
      const stdin = process.stdin!
      const errors: unknown[] = []
      stdin.on('error', (error) => errors.push(error))
      const written = new Promise<unknown>((resolve) => stdin.write(Buffer.alloc(4 * MIB), resolve))
      served.stdin!.destroy()
      assert((await written) instanceof InvalidStateError)
      if (!stdin.closed) await once(stdin, 'close')
      assert.deepEqual(errors, [])
      // Nothing is left to close, and the process lives.
      await process.closeStdin()
      peer.answer(served.wait, { ExitCode: 0 })
      await process.wait()
    })

    it('stdin ends with the process, also when nobody writes', async () => {
      const { process, served } = await start()
      const idle = new PassThrough()
      const piping = pipeline(idle, process.stdin!)
      piping.catch(() => undefined)
      served.stdin!.destroy()
      peer.answer(served.wait, { ExitCode: 0 })
      await process.wait()
      await rejectsWith(piping, Error, (error) => {
        assert.equal((error as NodeJS.ErrnoException).code, 'ERR_STREAM_PREMATURE_CLOSE')
      })
    })

    it('a write and a half-close in flight when the connection ends are both told', async () => {
      const { process } = await start()
      const written = new Promise<unknown>((resolve) => process.stdin!.write(Buffer.alloc(4 * MIB), resolve))
      const closing = process.closeStdin()
      closing.catch(() => undefined)
      assert.equal(await pending(closing), true)
      peer.destroy()
      await rejectsWith(closing, GuestConnectionUnavailableError)
      assert((await written) instanceof BridgeClosedError)
      await rejectsWith(process.wait(), BridgeClosedError)
    })

    it('a stream that its reader destroys closes the guest’s end, and nothing else', async () => {
      const { process, served } = await start()
      const gone = once(served.stdout!.resume(), 'end')
      process.stdout!.destroy()
      await gone
      served.stderr!.end('unharmed')
      assert.equal(String(Buffer.concat(await process.stderr!.toArray())), 'unharmed')
      peer.answer(served.wait, { ExitCode: 0 })
      await process.wait()
    })
  })

  describe('back-pressure', () => {
    it('output nobody reads: a window is read ahead, then the guest blocks, until somebody reads', async () => {
      const { process, served } = await start()
      const socket = served.stdout!
      const taken = await writeUntilBlocked(socket, 16 * MIB)
      assert(taken >= WINDOW, `only ${taken} bytes were taken`)
      assert(taken < WINDOW + 2 * MIB, `${taken} bytes were taken`)
      const total = socket.bytesWritten
      socket.end()
      let size = 0
      for await (const chunk of process.stdout!) size += (chunk as Buffer).byteLength
      assert.equal(size, total)
    })

    it('a whole window is read ahead and the exit reported, although nobody reads', async () => {
      const { process, served } = await start()
      const bytes = Buffer.alloc(WINDOW - 1, 'w')
      served.stdout!.end(bytes)
      await once(served.stdout!.resume(), 'end')
      served.stderr!.end()
      await once(served.stderr!.resume(), 'end')
      peer.answer(served.wait, { ExitCode: 0 })
      assert.deepEqual(await process.wait(), { exitCode: 0, known: true })
      assert.deepEqual(Buffer.concat(await process.stdout!.toArray()), bytes)
    })

    it('a guest that does not read its stdin holds the writer, not memory', async () => {
      const { process, served } = await start()
      const stdin = process.stdin!
      let sent = 0
      for (;;) {
        sent += 64 * KIB
        if (stdin.write(Buffer.alloc(64 * KIB))) continue
        if (await pending(once(stdin, 'drain'))) break
      }
      assert(sent < WINDOW + 2 * MIB, `${sent} bytes were taken`)
      stdin.end()
      assert.equal((await readAll(served.stdin!)).byteLength, sent)
    })

    it('a slow reader holds one process’s output and nothing else', async () => {
      const slow = await start(ALL, { pid: 1 })
      await writeUntilBlocked(slow.served.stdout!, 16 * MIB)
      slow.served.stderr!.end('own stderr')
      assert.equal(String(Buffer.concat(await slow.process.stderr!.toArray())), 'own stderr')
      const other = await start(ALL, { pid: 2 })
      const reading = other.process.stdout!.toArray()
      other.served.stdout!.end(Buffer.alloc(2 * MIB))
      assert.equal(Buffer.concat(await reading).byteLength, 2 * MIB)
      const dumping = fake.guest.dumpStacks()
      peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: 's' })
      assert.equal(await dumping, 's')
      slow.served.stdout!.destroy()
    })

    it('bytes that come one at a time arrive whole and cost a bounded number of messages', async () => {
      const { port1: local, port2: remote } = new MessageChannel()
      const socket = new PassThrough()
      const gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
      const listener = {
        address: { runtimeId: '', serviceId: '' },
        accept: () => Promise.resolve(socket),
        close: () => Promise.resolve(),
      }
      const channel = new OutputChannel({ listener, port: remote, clock: new ManualClock(), gauges })
      const received: unknown[] = []
      local.on('message', (message) => received.push(message))
      const count = 100_000
      for (let byte = 0; byte < count; byte++) {
        socket.write(Buffer.of(byte & 0xff))
        if (byte % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await new Promise((resolve) => setImmediate(resolve))
      const unread = received.length
      assert(unread < 64, `${unread} messages`)
      local.postMessage({ credit: 1 })
      socket.end()
      await once(local, 'message')
      while (!received.some((message) => 'end' in (message as object))) await once(local, 'message')
      const bytes = Buffer.concat(received.filter((message) => message instanceof Uint8Array))
      assert.equal(bytes.byteLength, count)
      assert(bytes.every((value, index) => value === (index & 0xff)))
      channel.close()
      local.close()
    })
  })

  for (const [what, accept] of [
    ['a listener that fails', () => Promise.reject(Object.assign(new Error('no files left'), { code: 'EMFILE' }))],
    [
      'a socket that breaks',
      () => {
        const socket = new PassThrough()
        setImmediate(() => socket.destroy(new Error('reset')))
        return Promise.resolve(socket)
      },
    ],
  ] as const) {
    it(`${what} ends its stream without an end of file`, async () => {
      const { port1: local, port2: remote } = new MessageChannel()
      const gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
      const listener = { address: { runtimeId: '', serviceId: '' }, accept, close: () => Promise.resolve() }
      new OutputChannel({ listener, port: remote, clock: new ManualClock(), gauges }).started()
      assert.deepEqual(await once(local, 'message'), [{ closed: true }])
      assert.equal(gauges.sockets, 0)
    })
  }

  it('a source that is a stream goes through stdin to its end', async () => {
    const { process, served } = await start()
    const piping = pipeline(Readable.from(['a', 'b', 'c']), process.stdin!)
    assert.equal(String(await readAll(served.stdin!)), 'abc')
    served.stdin!.destroy()
    peer.answer(served.wait, { ExitCode: 0 })
    await process.wait()
    await piping.catch(() => undefined)
  })
})

describe('guest stdio in the threads of a Host', () => {
  const test = useScriptedHost()

  for (const direction of ['stdout', 'stdin'] as const) {
    it(`32 MiB through ${direction} arrive whole, in bounded memory`, async () => {
      const scripted = await test.guest()
      const peer = await scripted.connect()
      await transfer(scripted, peer, direction, 4)
      const peakBytes = await transfer(scripted, peer, direction, 32)
      assert(peakBytes < 96 * MIB, `resident memory grew by ${Math.round(peakBytes / MIB)} MiB`)
    })
  }
})
