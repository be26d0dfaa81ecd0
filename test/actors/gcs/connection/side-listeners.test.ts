// Entropy and the log stream: what the guest reads and writes beside its bridge.

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import type { LogRecord } from '#dist/index.js'
import { EntropyListener } from '#dist/actors/gcs/connection/entropy-listener.js'
import type { HvSocketListener } from '#dist/native/hvsocket.js'
import { fakeGuest, RUNTIME_ID, type FakeGuest } from '../../../fakes/guest.js'
import { dial } from '../../../peer/peer.js'
import { deferred, pending } from '../../../support/expect.js'

async function readAll(path: string): Promise<Buffer> {
  const socket = await dial(path)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  socket.destroy()
  return Buffer.concat(chunks)
}

describe('entropy and log', () => {
  let fake: FakeGuest
  afterEach(() => fake.close())

  it('GCSH-085 the entropy connection gives exactly 512 bytes, once', async () => {
    fake = await fakeGuest('linux', { entropy: true })
    assert.deepEqual(await fake.sockets(), ['vsock_1', 'vsock_1073741824'])
    const bytes = await readAll(fake.path('vsock_1'))
    assert.equal(bytes.length, 512)
    assert(new Set(bytes).size > 64, 'random bytes repeat little')
    assert.deepEqual(await fake.sockets(), ['vsock_1073741824'])
  })

  /** Sends a log stream and takes the records that come of it. */
  async function records(text: string, count: number, guestOS: 'linux' | 'windows' = 'linux'): Promise<LogRecord[]> {
    fake = await fakeGuest(guestOS, { log: true })
    const found: LogRecord[] = []
    const all = new Promise<void>((resolve) =>
      fake.guest.on('log', (record) => found.push(record) === count && resolve()),
    )
    const service = guestOS === 'linux' ? 'vsock_109' : 'hvsock_172dad59-976d-45f2-8b6c-6d1b13f2ac4d'
    const socket = await dial(fake.path(service))
    socket.end(text)
    socket.resume()
    await all
    socket.destroy()
    return found
  }

  it('a log line becomes a record with its fields', async () => {
    const [record] = await records(
      '{"cid":"7f","error":"no such device","level":"error","msg":"mount failed","time":"2026-03-01T09:15:24.5Z"}\n',
      1,
    )
    assert.deepEqual(record, {
      level: 'error',
      message: 'mount failed',
      fields: { cid: '7f', error: 'no such device' },
      time: new Date('2026-03-01T09:15:24.5Z'),
    })
  })

  it('GCSH-086 a line without a level is info', async () => {
    assert.equal((await records('{"msg":"m"}\n', 1))[0]?.level, 'info')
  })

  it('GCSH-087 the levels fatal and panic are error', async () => {
    const found = await records('{"msg":"a","level":"fatal"}\n{"msg":"b","level":"panic"}\n', 2)
    assert.deepEqual(
      found.map(({ level }) => level),
      ['error', 'error'],
    )
  })

  it('GCSH-088 plain text after valid lines is reported once', async () => {
    const found = await records('{"msg":"fine"}\npanic: runtime error\n\ngoroutine 1 [running]:\n', 2)
    assert.equal(found[0]?.message, 'fine')
    assert.equal(found[1]?.level, 'error')
    assert.match(found[1]?.message ?? '', /panic: runtime error\s+goroutine 1/)
  })

  it('GCSH-089 the text of an ETW line is its Message', async () => {
    const [record] = await records(
      '{"Source":"ETW","level":"info","ProviderName":"p","Message":"service started"}\n',
      1,
      'windows',
    )
    assert.equal(record?.message, 'service started')
    assert.equal(record?.fields['ProviderName'], 'p')
    assert.equal('Message' in (record?.fields ?? {}), false)
  })

  it('the Windows log service may come again after a disconnect', async () => {
    fake = await fakeGuest('windows', { log: true })
    const found: LogRecord[] = []
    for (const msg of ['first', 'second']) {
      const heard = new Promise<void>((resolve) => fake.guest.once('log', (record) => resolve(void found.push(record))))
      const socket = await dial(fake.path('hvsock_172dad59-976d-45f2-8b6c-6d1b13f2ac4d'))
      socket.end(`{"msg":"${msg}"}\n`)
      socket.resume()
      await heard
      socket.destroy()
    }
    assert.deepEqual(
      found.map(({ message }) => message),
      ['first', 'second'],
    )
  })

  it('objects need no line feed between them, nor one at the end', async () => {
    const found = await records('{"msg":"a"}{"msg":"b {\\"}\\" "}  {"msg":"c"}', 3)
    assert.deepEqual(
      found.map(({ message }) => message),
      ['a', 'b {"}" ', 'c'],
    )
  })

  it('GCSH-090 bridge, log and entropy listeners exist as soon as the guest is made', async () => {
    fake = await fakeGuest('linux', { log: true, entropy: true })
    assert.deepEqual(await fake.sockets(), ['vsock_1', 'vsock_1073741824', 'vsock_109'])
  })
})

describe('the entropy listener', () => {
  it('closed while it opens, it is closed once it has opened, and only then another may open', async () => {
    const opened = deferred()
    let open = 0
    const listen = async (): Promise<HvSocketListener> => {
      await opened.promise
      open++
      const accept = (): Promise<never> => Promise.reject(new Error('closed'))
      return { address: { runtimeId: RUNTIME_ID, serviceId: '' }, accept, close: async () => void open-- }
    }
    const gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
    const warnings: Error[] = []
    const listener = new EntropyListener({
      runtimeId: RUNTIME_ID,
      transport: { listen, close: () => Promise.resolve() },
      gauges,
      randomBytes: (count) => new Uint8Array(count),
      onWarning: (error) => warnings.push(error),
    })
    const opening = listener.open()
    const closing = listener.close()
    assert.equal(await pending(closing), true)
    opened.resolve()
    await Promise.all([opening, closing])
    assert.deepEqual([open, gauges.sockets, warnings], [0, 0, []])
  })

  it('a socket that fails while entropy is being closed is nobody’s warning', async () => {
    const warnings: Error[] = []
    const socket = new PassThrough()
    const taken = deferred()
    const listener: HvSocketListener = {
      address: { runtimeId: RUNTIME_ID, serviceId: '' },
      accept: () => Promise.resolve(socket),
      close: () => taken.promise,
    }
    const entropy = new EntropyListener({
      runtimeId: RUNTIME_ID,
      transport: { listen: () => Promise.resolve(listener), close: () => Promise.resolve() },
      gauges: { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 },
      randomBytes: (count) => new Uint8Array(count),
      onWarning: (error) => warnings.push(error),
    })
    await entropy.open()
    await pending(taken.promise)
    socket.emit('error', new Error('before'))
    const closing = entropy.close()
    socket.emit('error', new Error('after'))
    taken.resolve()
    await closing
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ['before'],
    )
  })
})
