// Calls over real sockets: what a caller and a service see, and what a hostile peer can do.

import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  encodeFrame,
  FrameDecoder,
  FrameType,
  MAX_DATA_BYTES,
  TtrpcClient,
  TtrpcError,
  TtrpcServer,
} from '#ttrpc/index.js'
import { RequestSchema } from '#ttrpc/generated/ttrpc_pb.js'
import { temporaryDirectory } from '../support/child.js'
import { ECHO, echoServer, method, type EchoServer } from './echo.js'

const never = new Promise<never>(() => undefined)

async function fails(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert(error instanceof TtrpcError, String(error))
    assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message)
    return true
  })
}

describe('calls over ttrpc', () => {
  let echo: EchoServer
  let client: TtrpcClient
  /** How the last call of Wait ended. */
  let given: Promise<unknown>

  before(async () => {
    let told: (reason: unknown) => void
    echo = await echoServer({
      say: ({ text }, { metadata }) => ({ text: text + (metadata.get('suffix') ?? '').repeat(2) }),
      wait: (_, { signal }) => {
        given = new Promise((resolve) => (told = resolve))
        signal.addEventListener('abort', () => told(signal.reason))
        return never
      },
      throw: () => {
        throw new Error('a fault of the service')
      },
      fail: () => {
        throw new TtrpcError('NOT_FOUND', 'no such thing')
      },
    })
  })
  beforeEach(async () => void (client = await TtrpcClient.connect(echo.path)))
  afterEach(async () => {
    await client.close()
    echo.errors.length = 0
  })
  after(async () => {
    await echo.close()
    assert.deepEqual(echo.server.counts, { connections: 0, calls: 0 })
  })

  const say = (text: string, options = {}): Promise<{ text: string }> =>
    client.call(method('Say'), { text } as never, options) as unknown as Promise<{ text: string }>

  it('are answered, many at once, each with its own answer', async () => {
    const texts = Array.from({ length: 2000 }, (_, index) => `text ${index}`)
    const answers = await Promise.all(texts.map((text) => say(text)))
    assert.deepEqual(
      answers.map(({ text }) => text),
      texts,
    )
    assert.equal(client.outstanding, 0)
  })

  it('carry metadata, compared in any case', async () => {
    assert.equal((await say('a', { metadata: { Suffix: 'b' } })).text, 'abb')
  })

  it('fail with what the service throws, and a fault of it is told', async () => {
    await fails(client.call(method('Fail'), {}), 'NOT_FOUND', /^no such thing$/)
    await fails(client.call(method('Throw'), {}), 'UNKNOWN', /^a fault of the service$/)
    assert.deepEqual(
      echo.errors.map(({ message }) => message),
      ['a fault of the service'],
    )
  })

  it('what is not there is UNIMPLEMENTED, and the connection goes on', async () => {
    await fails(client.call(method('Missing'), {}), 'UNIMPLEMENTED', /method Missing of service echo.Echo/)
    await fails(client.call(method('Say'), {}, {}, 'echo.Other'), 'UNIMPLEMENTED', /service echo.Other/)
    assert.equal((await say('on')).text, 'on')
  })

  it('messages of nearly 4 MiB go both ways, longer ones are refused on either side', async () => {
    const long = 'x'.repeat(MAX_DATA_BYTES - 1000)
    assert.equal((await say(long)).text.length, long.length)
    await fails(say('x'.repeat(MAX_DATA_BYTES)), 'RESOURCE_EXHAUSTED', /at most 4194304/)
    await fails(say(long, { metadata: { suffix: 'y'.repeat(900) } }), 'RESOURCE_EXHAUSTED', /at most 4194304/)
    assert.equal((await say('on')).text, 'on')
  })

  it('end with the caller’s time, which the service is told', async () => {
    await fails(client.call(method('Wait'), {}, { timeoutMs: 20 }), 'DEADLINE_EXCEEDED', /./)
    assert.equal(((await given) as Error).name, 'TimeoutError')
    for (const timeoutMs of [0, -1, NaN, 2 ** 31])
      await fails(client.call(method('Say'), {}, { timeoutMs }), 'INVALID_ARGUMENT', /timeoutMs/)
  })

  it('end with the caller’s signal, before and during', async () => {
    const stop = new AbortController()
    const call = client.call(method('Wait'), {}, { signal: stop.signal })
    await say('after it')
    stop.abort()
    await fails(call, 'CANCELLED', /echo.Echo\/Wait was given up/)
    await fails(say('late', { signal: stop.signal }), 'CANCELLED', /before it was sent/)
    assert.equal(client.outstanding, 0)
  })

  it('end when the connection does, on both sides', async () => {
    const call = client.call(method('Wait'), {})
    await say('after it')
    await client.close()
    await fails(call, 'UNAVAILABLE', /closed here; what became of the call is unknown/)
    assert.match(String(await given), /the connection is gone/)
    await fails(say('later'), 'UNAVAILABLE', /closed here/)
  })

  it('nobody listens: UNAVAILABLE that names the path', async () => {
    await fails(TtrpcClient.connect('/nonexistent/x.sock'), 'UNAVAILABLE', /\/nonexistent\/x\.sock/)
  })

  it('a server that closes ends them', async () => {
    const place = await temporaryDirectory()
    const path = join(place.path, 's')
    const server = new TtrpcServer().add(ECHO, { wait: () => never } as never)
    const net = createServer((socket) => server.serve(socket)).listen(path)
    await once(net, 'listening')
    const other = await TtrpcClient.connect(path)
    const call = other.call(method('Wait'), {})
    while (server.counts.calls === 0) await new Promise((resolve) => setImmediate(resolve))
    server.close()
    await fails(call, 'UNAVAILABLE', /what became of the call is unknown/)
    await other.closed
    net.close()
    await place.remove()
  })

  it('options and services that are wrong are refused at once', () => {
    for (const callsPerConnection of [0, 1.5, NaN])
      assert.throws(() => new TtrpcServer({ callsPerConnection }), RangeError)
    assert.throws(() => new TtrpcServer().add(ECHO, {}).add(ECHO, {}), TypeError)
    assert.doesNotThrow(() => new TtrpcServer().add(ECHO, {}).add(ECHO, {}, 'echo.v2.Echo'))
  })

  describe('a hostile peer', () => {
    const LAST = 0xffff_ffff

    /** Sends these frames on a connection of its own, and a last one; resolves with what came back until that was answered, or the connection gone. */
    async function send(...frames: Uint8Array[]): Promise<Buffer> {
      const socket = connect(echo.path)
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(Buffer.concat([...frames, request(LAST)]))
      while (!socket.destroyed && !streams(Buffer.concat(chunks)).includes(LAST))
        await Promise.race([once(socket, 'data'), once(socket, 'close')])
      socket.destroy()
      return Buffer.concat(chunks)
    }

    const request = (streamId: number, init: object = { service: 'echo.Echo', method: 'Say' }, flags = 0): Uint8Array =>
      encodeFrame(FrameType.request, streamId, toBinary(RequestSchema, create(RequestSchema, init)), flags)

    const streams = (bytes: Uint8Array): number[] => [...new FrameDecoder().push(bytes)].map(({ streamId }) => streamId)

    it('loses its connection for a broken protocol, and nothing else', async () => {
      for (const bad of [
        request(2),
        encodeFrame(FrameType.response, 1, new Uint8Array(0)),
        encodeFrame(FrameType.data, 7, new Uint8Array(0)),
        encodeFrame(99, 1, new Uint8Array(0)),
      ])
        assert.equal((await send(bad)).length, 0)
      assert.equal(echo.errors.length, 4)
      assert.equal((await say('on')).text, 'on')
    })

    it('is answered for what is no request, for streams, for data behind them', async () => {
      const answers = await send(
        encodeFrame(FrameType.request, 1, Buffer.from('no protobuf')),
        request(3, undefined, 2),
        encodeFrame(FrameType.data, 3, Buffer.from('more'), 1),
        request(5, { service: 'echo.Echo', method: 'Say', payload: Buffer.from([0xff, 0xff]) }),
        request(7),
      )
      assert.deepEqual(streams(answers), [1, 3, 5, 7, LAST])
    })

    it('does not read its answers: it is not read on, and hears all of them once it does', async () => {
      const payload = new Uint8Array(0)
      const text = 'x'.repeat(10_000)
      const count = 2000
      const socket = connect(echo.path)
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.pause()
      // Refused at once, with nothing to wait for: the method is named in the answer.
      for (let index = 0; index < count; index++) socket.write(request(2 * index + 1, { service: text, payload }))
      assert.equal((await say('on')).text, 'on')
      const decoder = new FrameDecoder()
      let heard = 0
      socket.on('data', (chunk: Buffer) => (heard += [...decoder.push(chunk)].length))
      socket.resume()
      while (heard < count) await once(socket, 'data')
      socket.destroy()
    })

    it('bytes of any kind cost it its connection at most', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), async (chunks) => {
          const socket = connect(echo.path)
          socket.on('error', () => undefined)
          await once(socket, 'connect')
          socket.end(Buffer.concat(chunks))
          await once(socket.resume(), 'close')
        }),
        { numRuns: 100 },
      )
      assert.equal((await say('on')).text, 'on')
    })

    it('asks without end: its reading waits, nobody else’s', async () => {
      const slow = await echoServer({ wait: () => never, say: ({ text }) => ({ text }) }, { callsPerConnection: 4 })
      const socket = connect(slow.path)
      socket.on('error', () => undefined)
      let id = 1
      const many = Buffer.concat(
        Array.from({ length: 1000 }, () => request((id += 2), { service: 'echo.Echo', method: 'Wait' })),
      )
      socket.write(many)
      while (slow.server.counts.calls < 4) await new Promise((resolve) => setImmediate(resolve))
      const quiet = await TtrpcClient.connect(slow.path)
      for (let round = 0; round < 50; round++) await quiet.call(method('Say'), {})
      assert.equal(slow.server.counts.calls, 4)
      await quiet.close()
      socket.destroy()
      await slow.close()
      assert.deepEqual(slow.server.counts, { connections: 0, calls: 0 })
    })
  })
})
