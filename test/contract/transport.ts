// The contract of HvSocket transports: runs unchanged against every one. Streams are dialled by the transport's own dialer.

import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Readable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { HvSocketEndpoint, HvSocketDialer, HvSocketListener, HvSocketTransport } from '#dist/native/hvsocket.js'
import { vsockServiceId } from '#dist/protocol/hvsocket.js'
import { pending, rejection } from '../support/expect.js'

export interface TransportUnderTest {
  readonly name: string
  /** TCP: a dialer beyond the backlog believes itself connected to a listener that has dropped it, and nobody tells it. */
  readonly silentBacklog?: boolean
  /** A transport of its own for each test. `close` ends it and all it needs. */
  open(): Promise<{ transport: HvSocketTransport & HvSocketDialer; close: () => Promise<void> }>
}

const MIB = 1024 * 1024

type Coded = Error & { code: string }

/** All that a stream has to say, as text. */
async function textOf(stream: Duplex): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString()
}

/** However it ends. */
function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => (stream.closed ? resolve() : stream.once('close', () => resolve())))
}

export function transportContract(under: TransportUnderTest): void {
  describe(`transport contract: ${under.name}`, () => {
    let transport: HvSocketTransport & HvSocketDialer
    let close: () => Promise<void>
    let runtimeId: string
    const streams = new Set<Duplex>()

    const at = (port: number): HvSocketEndpoint => ({ runtimeId, serviceId: vsockServiceId(port) })
    const keep = (stream: Duplex): Duplex => {
      streams.add(stream)
      return stream
    }
    const dial = async (port: number): Promise<Duplex> => keep(await transport.dial(at(port)))
    const accept = async (listener: HvSocketListener): Promise<Duplex> => keep(await listener.accept())
    const pair = async (port: number): Promise<[near: Duplex, far: Duplex]> => {
      const listener = await transport.listen(at(port))
      const [near, far] = await Promise.all([dial(port), accept(listener)])
      await listener.close()
      return [near, far]
    }

    beforeEach(async () => {
      runtimeId = randomUUID()
      ;({ transport, close } = await under.open())
    })
    afterEach(async () => {
      for (const stream of streams) stream.destroy()
      await Promise.all([...streams].map(closed))
      streams.clear()
      await close()
    })

    describe('listening', () => {
      it('hands a connection to the accept that waits for it, paused', async () => {
        const listener = await transport.listen(at(1))
        const accepting = accept(listener)
        const near = await dial(1)
        const far = await accepting
        assert.equal(far.readableFlowing, false)
        near.end('to the host')
        far.end('to the guest')
        assert.deepEqual(await Promise.all([textOf(far), textOf(near)]), ['to the host', 'to the guest'])
      })

      it('keeps connections that come before accept, in order of arrival', async () => {
        const listener = await transport.listen(at(1))
        for (const name of ['first', 'second', 'third']) (await dial(1)).end(name)
        const names: string[] = []
        for (let n = 0; n < 3; n++) names.push(await textOf(await accept(listener)))
        assert.deepEqual(names, ['first', 'second', 'third'])
      })

      it('answers accepts in the order they were made', async () => {
        const listener = await transport.listen(at(1))
        const accepting = [accept(listener), accept(listener), accept(listener)]
        for (const name of ['first', 'second', 'third']) (await dial(1)).end(name)
        const names = await Promise.all(accepting.map(async (each) => textOf(await each)))
        assert.deepEqual(names, ['first', 'second', 'third'])
      })

      it('keeps many listeners apart', async () => {
        const listeners = await Promise.all(Array.from({ length: 100 }, (_, port) => transport.listen(at(port))))
        const said = listeners.map(async (listener) => textOf(await accept(listener)))
        for (let port = 99; port >= 0; port--) (await dial(port)).end(`port ${port}`)
        assert.deepEqual(
          await Promise.all(said),
          listeners.map((_, port) => `port ${port}`),
        )
      })

      it('keeps the same port of two VMs apart', async () => {
        const other = { ...at(1), runtimeId: randomUUID() }
        const listeners = [await transport.listen(at(1)), await transport.listen(other)] as const
        keep(await transport.dial(other)).end('other')
        ;(await dial(1)).end('one')
        assert.equal(await textOf(await accept(listeners[0])), 'one')
        assert.equal(await textOf(await accept(listeners[1])), 'other')
      })

      it('serves service GUIDs outside the vsock template', async () => {
        const address = { runtimeId, serviceId: 'acef5661-84a1-4e44-856b-6245e69f4620' }
        const listener = await transport.listen(address)
        assert.deepEqual(listener.address, address)
        keep(await transport.dial(address)).end('bridge')
        assert.equal(await textOf(await accept(listener)), 'bridge')
      })

      it('refuses an address that is listened on, and frees it with close', async () => {
        const first = await transport.listen(at(1))
        const refusal = await rejection<Coded>(transport.listen(at(1)))
        assert.equal(refusal.code, 'EADDRINUSE')
        await first.close()
        const second = await transport.listen(at(1))
        ;(await dial(1)).end('again')
        assert.equal(await textOf(await accept(second)), 'again')
      })

      it('rejects a dial at once where nobody listens', async () => {
        const failure = await rejection<Coded>(transport.dial(at(1)))
        assert.match(failure.code, /^(ENOENT|ECONNREFUSED)$/)
      })

      it('settles every dial of a flood beyond the backlog, and serves those that came through', async () => {
        const listener = await transport.listen(at(1))
        const flood = under.silentBacklog === true ? 16 : 64
        const serve = async (): Promise<never> => {
          for (;;) (await accept(listener)).end('served')
        }
        const serving = rejection<Coded>(serve())
        const dials = await Promise.allSettled(Array.from({ length: flood }, () => dial(1)))
        // A dial is refused with a code, or its connection is served or dropped; none is left in silence.
        const answers = dials.map(async (dialled) => {
          if (dialled.status === 'fulfilled') return textOf(dialled.value).catch((error: Coded) => error.code)
          return (dialled.reason as Coded).code
        })
        const outcomes = await Promise.all(answers)
        assert.ok(outcomes.filter((outcome) => outcome === 'served').length >= 16, outcomes.join())
        assert.ok(
          outcomes.every((outcome) => /^(served|E[A-Z]+|)$/.test(outcome)),
          outcomes.join(),
        )
        await listener.close()
        assert.equal((await serving).code, 'ERR_SERVER_CLOSED')
      })

      it('survives a peer that is gone before it was accepted', async () => {
        const listener = await transport.listen(at(1))
        ;(await dial(1)).destroy()
        ;(await dial(1)).end('here')
        let said = ''
        while (said === '') said = await textOf(await accept(listener)).catch(() => '')
        assert.equal(said, 'here')
      })
    })

    describe('an accept that does not get its connection', () => {
      it('rejects with the reason of its signal, and the next accept gets the connection', async () => {
        const listener = await transport.listen(at(1))
        const abort = new AbortController()
        const given = listener.accept(abort.signal)
        const reason = new Error('the VM is gone')
        abort.abort(reason)
        assert.equal(await rejection(given), reason)
        assert.equal(await rejection(listener.accept(abort.signal)), reason)
        ;(await dial(1)).end('late')
        assert.equal(await textOf(await accept(listener)), 'late')
      })

      it('leaves the place in the row to those behind it', async () => {
        const listener = await transport.listen(at(1))
        const abort = new AbortController()
        const [first, second] = [listener.accept(abort.signal), accept(listener)]
        abort.abort()
        await rejection(first)
        ;(await dial(1)).end('second')
        assert.equal(await textOf(await second), 'second')
      })

      it('rejects when the listener closes, as every accept after it', async () => {
        const listener = await transport.listen(at(1))
        const accepting = [listener.accept(), listener.accept()].map((each) => rejection<Coded>(each))
        await listener.close()
        for (const failure of await Promise.all(accepting)) assert.equal(failure.code, 'ERR_SERVER_CLOSED')
        assert.equal((await rejection<Coded>(listener.accept())).code, 'ERR_SERVER_CLOSED')
        await listener.close()
      })

      it('rejects when the transport closes, which closes every listener', async () => {
        const listeners = await Promise.all([transport.listen(at(1)), transport.listen(at(2))])
        const accepting = listeners.map((listener) => rejection<Coded>(listener.accept()))
        await transport.close()
        for (const failure of await Promise.all(accepting)) assert.equal(failure.code, 'ERR_SERVER_CLOSED')
      })
    })

    describe('closing a listener', () => {
      it('drops those who were not accepted', async () => {
        const listener = await transport.listen(at(1))
        const near = await dial(1)
        await listener.close()
        // Its end or an error, as the system words it; never silence.
        near.resume()
        await Promise.race([new Promise((resolve) => near.once('end', resolve)), closed(near)])
      })

      it('leaves accepted streams alone', async () => {
        const [near, far] = await pair(1)
        near.end('still here')
        assert.equal(await textOf(far), 'still here')
        far.end('so am I')
        assert.equal(await textOf(near), 'so am I')
      })
    })

    describe('a stream', () => {
      it('is half-closed by the dialer, and goes on the other way', async () => {
        const [near, far] = await pair(1)
        near.end('question')
        assert.equal(await textOf(far), 'question')
        assert.ok(await pending(textOf(near)))
        far.write('an ')
        far.end('answer')
        await closed(far)
      })

      it('is half-closed by the listener, and goes on the other way', async () => {
        const [near, far] = await pair(1)
        far.end('banner')
        assert.equal(await textOf(near), 'banner')
        near.write('a ')
        near.end('reply')
        assert.equal(await textOf(far), 'a reply')
      })

      it('tells its reader of a peer that is destroyed', async () => {
        const [near, far] = await pair(1)
        near.write('unread')
        far.write('unread')
        near.destroy()
        const said = await textOf(far).catch((error: Coded) => error.code)
        assert.match(said, /^(unread|ECONNRESET|EPIPE)$/)
        far.end('nobody hears')
        await closed(far)
      })

      it('holds its writer back until its reader reads', async () => {
        const [near, far] = await pair(1)
        const chunk = randomBytes(MIB)
        const sent = createHash('sha256')
        let written = 0
        // What the system holds is a few MiB at most.
        do {
          sent.update(chunk)
          written++
        } while (near.write(chunk) || written < 16)
        near.end()
        assert.ok(await pending(once(near, 'finish')))
        assert.ok(near.writableLength > 4 * MIB, `${near.writableLength} bytes wait`)
        const got = createHash('sha256')
        await pipeline(far.iterator({ destroyOnReturn: false }), got)
        assert.equal(got.digest('hex'), sent.digest('hex'))
      })

      it('carries 32 MiB each way at once, unchanged', async function () {
        const [near, far] = await pair(1)
        const data = randomBytes(32 * MIB)
        const expected = createHash('sha256').update(data).digest('hex')
        const send = (stream: Duplex): Promise<void> => {
          const chunks = Array.from({ length: 512 }, (_, n) => data.subarray(n * 65_536, (n + 1) * 65_536))
          return pipeline(Readable.from(chunks), stream)
        }
        const receive = async (stream: Duplex): Promise<string> => {
          const hash = createHash('sha256')
          for await (const chunk of stream.iterator({ destroyOnReturn: false })) hash.update(chunk as Uint8Array)
          return hash.digest('hex')
        }
        const [, , atFar, atNear] = await Promise.all([send(near), send(far), receive(far), receive(near)])
        assert.deepEqual([atFar, atNear], [expected, expected])
      })
    })
  })
}
