// The service process's end of the wire, in this process: frames, greetings, hostile peers, clients and their handles.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { InvalidConfigError, ProviderUnavailableError, type HcsEvent, type HcsProvider } from '#dist/index.js'
import { systemClock } from '#dist/native/clock.js'
import { ServiceProcess, type ServiceClient } from '#dist/native/service-process/client.js'
import { defaultServiceDirectory, openServiceDirectory } from '#dist/native/service-process/directory.js'
import { encodeFrame, FrameReader } from '#dist/native/service-process/frames.js'
import { enterService } from '#dist/native/service-process/greet.js'
import { ClientHandshake, ServiceHandshake } from '#dist/native/service-process/handshake.js'
import type { HostedCall, HostedService } from '#dist/native/service-process/hosted.js'
import { acquireServiceLock } from '#dist/native/service-process/lock.js'
import createProvider from '#dist/native/service-process/provider.js'
import { ServiceServer, type ServerOptions } from '#dist/native/service-process/server.js'
import { rejection, rejectsWith } from '../../support/expect.js'

/** Keeps what it was asked, and tells events when a test says so. */
class Recorder implements HostedService {
  readonly provider = 'recorder'
  readonly calls: HostedCall[] = []
  readonly left: string[] = []
  readonly deliver: ((event: HcsEvent) => void)[] = []
  carryOut(_client: string, call: HostedCall, deliver: (event: HcsEvent) => void): Promise<string> {
    this.calls.push(call)
    if (call.do !== 'create' && call.do !== 'open') return Promise.resolve('')
    return Promise.resolve(String(this.deliver.push(deliver)))
  }
  leave(client: string): void {
    this.left.push(client)
  }
  count(): number {
    return 0
  }
  stop(): Promise<void> {
    return Promise.resolve()
  }
}

const never = (): AbortSignal => new AbortController().signal

describe('the wire of a service process', () => {
  let directory: string
  let recorder: Recorder
  let server: ServiceServer
  let log: string[]
  const open: { close: () => unknown }[] = []

  async function serve(options: Partial<ServerOptions> = {}): Promise<void> {
    server = await ServiceServer.open({
      directory,
      version: '1.2.3',
      clock: systemClock,
      secret: undefined,
      graceMs: Infinity,
      host: () => Promise.resolve(recorder),
      log: (line) => log.push(line),
      ...options,
    })
  }

  const reach = async (): Promise<ServiceProcess> => {
    const found = await ServiceProcess.reach({
      op: 'test',
      directory,
      provider: 'recorder',
      start: undefined,
      timeoutMs: Infinity,
    })
    open.push(found)
    return found
  }
  const thread = async (client: ServiceClient): Promise<HcsProvider> => {
    const provider = await createProvider(client.link().options)
    open.push(provider)
    return provider
  }

  beforeEach(async () => {
    directory = await mkdtemp('/tmp/t-')
    recorder = new Recorder()
    log = []
  })
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close()
    await server?.close()
    await rm(directory, { recursive: true })
  })

  it('the socket is its user’s only, whatever the umask', async () => {
    const before = process.umask(0)
    try {
      await serve()
    } finally {
      process.umask(before)
    }
    assert.equal((await stat(`${directory}/service.sock`)).mode & 0o777, 0o600)
  })

  it('another protocol is refused on both sides, and the error names both', async () => {
    await serve({ major: 7 })
    const error = await rejectsWith(reach(), ProviderUnavailableError)
    assert.match(error.message, /protocol 7/)
    assert.match(error.message, /1\.2\.3/)
    assert.match(error.message, / 1$/)
  })

  it('another provider is refused, and the error names both', async () => {
    await serve()
    const options = { op: 'test', directory, start: undefined, timeoutMs: Infinity }
    const error = await rejectsWith(ServiceProcess.reach({ ...options, provider: 'qemu' }), ProviderUnavailableError)
    assert.match(error.message, /'recorder'.*'qemu'/)
  })

  it('tokens mean something to their own client only', async () => {
    await serve()
    const found = await reach()
    const [mine, other] = await Promise.all([found.join('test', Infinity), found.join('test', Infinity)])
    const [here, there] = await Promise.all([thread(mine), thread(other)])
    const system = await here.createSystem('a', '{}', () => undefined)
    const refused = await rejection<{ hresult: number }>(there.adoptSystem(system.token, () => undefined))
    assert.equal(refused.hresult, 0x80070006)
    assert.equal((await here.adoptSystem(system.token, () => undefined)).token, system.token)
    await Promise.all([mine.leave(), other.leave()])
  })

  it('a lost thread: its handle waits, events are kept and delivered once, to whoever adopts it', async () => {
    await serve()
    const client = await (await reach()).join('test', Infinity)
    const first = await enterService(directory, { as: 'thread', client: link(client) }, never())
    first.connection.open({ onMessage: () => undefined, onClose: () => undefined })
    first.connection.resume()
    first.connection.send({ number: 1, events: 5, call: { do: 'create', id: 'a', document: '{}' } })
    const second = await thread(client)
    while (recorder.deliver.length === 0) await second.enumerate('')
    const [deliver] = recorder.deliver
    // Handed to the first thread, which dies before it has handled them; and one after that.
    deliver!({ type: 3, data: 'one' })
    const gone = once(first.connection.socket, 'close')
    first.connection.close()
    await gone
    deliver!({ type: 1, data: 'two' })
    const told: string[] = []
    await second.adoptSystem('1', ({ data }) => told.push(data))
    await second.enumerate('')
    assert.deepEqual(told, ['one', 'two'])
    const third = await thread(client)
    const again: string[] = []
    await third.adoptSystem('1', ({ data }) => again.push(data))
    await third.enumerate('')
    assert.deepEqual(again, [], 'they were handled')
    await client.leave()
    assert.equal(recorder.left.length, 1)
  })

  it('a lost lifeline ends the client, and a thread of it is let in no more', async () => {
    await serve()
    const found = await reach()
    const client = await found.join('test', Infinity)
    await client.leave()
    await rejectsWith(createProvider(client.link().options), ProviderUnavailableError)
  })

  it('nothing that a peer sends costs more than its own connection', async () => {
    await serve()
    const found = await reach()
    const client = await found.join('test', Infinity)
    const provider = await thread(client)
    let seed = 1
    const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647
    const hostile = (bytes: Uint8Array): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect({ path: `${directory}/service.sock` })
        socket.on('error', () => undefined)
        socket.once('close', () => resolve())
        socket.end(bytes)
        socket.resume()
      })
    const hello = encodeFrame({ hello: { major: 1, version: 'x', nonce: new Uint8Array(32) } })
    const samples: Uint8Array[] = [
      Buffer.alloc(0),
      Buffer.from([255, 255, 255, 255]),
      Buffer.alloc(4),
      Buffer.concat([Buffer.from([0, 0, 16, 0]), Buffer.alloc(4096, 0x91)]),
      encodeFrame({ hello: { major: 'one' } }),
      Buffer.concat([hello, encodeFrame({ enter: { as: 'king', client: '', socket: '' } })]),
      Buffer.concat([hello, encodeFrame({ enter: { as: 'thread', client: 'guessed', socket: '' } })]),
      Buffer.concat([hello, encodeFrame({ enter: { as: 'lifeline', client: '', socket: '' } }), encodeFrame([1])]),
    ]
    for (let n = 0; n < 300; n++) samples.push(Buffer.from(Array.from({ length: 64 }, () => random() * 256)))
    for (let n = 0; n < 300; n++) {
      const mutant = Buffer.from(hello)
      for (let flips = 0; flips < 4; flips++) mutant[Math.floor(random() * mutant.length)] = random() * 256
      samples.push(mutant)
    }
    await Promise.all(samples.map(hostile))
    // Within a thread's connection, too.
    for (const bad of [null, 7, { number: -1 }, { number: 1, call: { do: 'fly' } }, { handled: 'x' }]) {
      const { connection } = await enterService(directory, { as: 'thread', client: link(client) }, never())
      const closed = once(connection.socket, 'close')
      connection.open({ onMessage: () => undefined, onClose: () => undefined })
      connection.resume()
      connection.send({ wrapped: bad, ...(bad as object) })
      await closed
    }
    assert.equal(await provider.enumerate(''), '')
    await client.leave()
  })

  it('a frame may come in any pieces, and none is larger than the limit', () => {
    const messages = [{ a: 1 }, { text: 'x'.repeat(1000) }, { n: 5n }]
    const bytes = Buffer.concat(messages.map(encodeFrame))
    for (const size of [1, 2, 3, 7, 100, bytes.length]) {
      const reader = new FrameReader(2000)
      const found: unknown[] = []
      for (let at = 0; at < bytes.length; at += size) {
        reader.add(bytes.subarray(at, at + size))
        for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next.message)
      }
      assert.deepEqual(found, messages)
      assert.equal(reader.pending, 0)
    }
    const small = new FrameReader(100)
    small.add(bytes)
    small.next()
    assert.throws(() => small.next(), /allowed 1\.\.100/)
  })

  it('with a secret both ends prove that they know it, and nobody enters without', () => {
    const about = { major: 1, version: '1', pid: 1, provider: 'p', directory: 'd' }
    const outcome = (clients: Uint8Array | undefined, services: Uint8Array | undefined): string => {
      const client = new ClientHandshake({ version: '1', entrance: { as: 'lifeline' }, secret: clients })
      const service = new ServiceHandshake({ about, secret: services })
      const greeted = service.receive(client.begin())
      assert('send' in greeted)
      try {
        const entering = client.receive(greeted.send)
        assert('send' in entering)
        const last = service.receive(entering.send)
        return 'enters' in last ? 'in' : 'refused by the service'
      } catch (error) {
        return (error as Error).message
      }
    }
    const [secret, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    assert.equal(outcome(secret, secret), 'in')
    assert.equal(outcome(undefined, undefined), 'in')
    assert.equal(outcome(undefined, secret), 'refused by the service')
    assert.match(outcome(secret, undefined), /does not know the secret/)
    assert.match(outcome(secret, other), /does not know the secret/)
  })

  it('the lock is one holder’s, and free when it is given up', async () => {
    const lock = await acquireServiceLock(directory, { pid: process.pid })
    assert(lock !== undefined)
    assert.equal(await acquireServiceLock(directory, {}), undefined)
    lock.release()
    const again = await acquireServiceLock(directory, {})
    assert(again !== undefined)
    again.release()
    await rejection(stat(`${directory}/service.lock`))
  })

  it('a directory that is a link, no directory, another user’s, open to others or too long is refused', async () => {
    const wrong = (given: string, reason: RegExp): Promise<Error> =>
      rejectsWith(
        openServiceDirectory({ op: 'test', given, option: 'directory', create: true }),
        InvalidConfigError,
        (e) => {
          assert.equal(e.path, 'directory')
          assert.match(e.message, reason)
        },
      )
    const own = `${directory}/own`
    assert.equal(await openServiceDirectory({ op: 'test', given: own, option: 'directory', create: true }), own)
    assert.equal((await stat(own)).mode & 0o777, 0o700)
    await symlink(own, `${directory}/link`)
    await wrong(`${directory}/link`, /is a link/)
    await wrong(`${directory}/link/`, /is a link/)
    for (const mode of [0o770, 0o707, 0o755]) {
      await chmod(own, mode)
      await wrong(own, /others may enter/)
    }
    await wrong('/dev/null', /no directory/)
    await wrong(`/tmp/${'x'.repeat(22)}`, /at most 26 bytes/)
    await wrong(`${directory}/no/such`, /cannot be made/)
    if (process.getuid?.() !== 0) return
    await mkdir(`${directory}/b`, { mode: 0o700 })
    await chown(`${directory}/b`, 12345, 12345)
    await wrong(`${directory}/b`, /belongs to the user 12345/)
  })

  it('the default directory follows the user', () => {
    const of = (uid: number, env = {}): string => defaultServiceDirectory({ platform: 'linux', uid, env })
    assert.equal(of(0, { XDG_RUNTIME_DIR: '/run/user/0' }), '/run/uvm')
    assert.equal(of(1234567890, { XDG_RUNTIME_DIR: '/run/user/1234567890' }), '/run/user/1234567890/uvm')
    assert.equal(of(5), '/tmp/uvm-5')
    assert.equal(of(5, { XDG_RUNTIME_DIR: `/run/${'x'.repeat(30)}` }), '/tmp/uvm-5')
    assert.equal(of(5, { XDG_RUNTIME_DIR: 'relative' }), '/tmp/uvm-5')
  })
})

/** What a client's threads say they belong to. */
function link(client: ServiceClient): string {
  return client.link().options.client
}
