// A built-in guest's side of the bridge, spoken to in raw frames: versions, refusals, order, ids, sizes, reconnects.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { SimulatedGuest } from '#dist/index.js'
import { ACTIVITY, HOST_TYPE, NULL_ID, type RawBridge } from '../../../peer/host.js'
import { frame } from '../../../peer/peer.js'
import { deferred } from '../../../support/expect.js'
import { createRequest, linuxContainer, LoneGuest, request, resultOf } from '../../../support/raw-guest.js'

describe('a built-in guest’s bridge', () => {
  let lone: LoneGuest
  afterEach(() => lone.close())

  async function start(...options: Parameters<typeof LoneGuest.start>): Promise<LoneGuest> {
    return (lone = await LoneGuest.start(...options))
  }

  it('GCSG-001 knows only the negotiation before it', async () => {
    const bridge = await (await start()).bridge()
    const answer = await bridge.call(HOST_TYPE.create, createRequest('c1', linuxContainer(['true'])))
    assert.equal(resultOf(answer), '0x80004001')
    assert.equal(answer.type, 0x20100101)
    assert.equal(answer.id, 0n)
    assert.equal(answer.body['ActivityId'], ACTIVITY)
  })

  it('GCSG-002 negotiates version 4 with the capabilities of a Linux guest, byte for byte', async () => {
    const bridge = await (await start()).bridge()
    const answer = await bridge.negotiate()
    assert.equal(answer.type, 0x20100b01)
    assert.equal(
      answer.text,
      '{"Result":0,"ActivityId":"00000000-0000-0000-0000-000000000000","Version":4,"Capabilities":' +
        '{"SupportedSchemaVersions":[{"Major":2,"Minor":1}],"RuntimeOsType":"Linux","GuestDefinedCapabilities":' +
        '{"NamespaceAddRequestSupported":true,"SignalProcessSupported":true,"DumpStacksSupported":true,' +
        '"DeleteContainerStateSupported":true}}}',
    )
  })

  it('a Windows guest negotiates its own capabilities', async () => {
    const bridge = await (await start('windows')).bridge()
    const { Capabilities } = (await bridge.negotiate()).body as { Capabilities: Record<string, unknown> }
    assert.equal(Capabilities['RuntimeOsType'], 'Windows')
    assert.equal(Capabilities['SendHostCreateMessage'], true)
  })

  it('GCSG-003 negotiates once on a connection', async () => {
    const bridge = await (await start()).connected()
    assert.equal(resultOf(await bridge.negotiate()), '0x80004001')
  })

  for (const [low, high] of [
    [1, 3],
    [5, 9],
  ] as const) {
    it(`GCSG-004 refuses versions ${low} to ${high}, and stays unnegotiated`, async () => {
      const bridge = await (await start()).bridge()
      assert.equal(resultOf(await bridge.negotiate(low, high)), '0xc037010c')
      assert.equal(resultOf(await bridge.call(HOST_TYPE.start, request('c1'))), '0x80004001')
      assert.equal(resultOf(await bridge.negotiate()), '')
    })
  }

  it('GCSG-005 chooses version 4 out of 1 to 9', async () => {
    const bridge = await (await start()).bridge()
    assert.equal((await bridge.negotiate(1, 9)).body['Version'], 4)
  })

  it('GCSG-006 negotiates again after a reconnect', async () => {
    const first = await (await start()).connected()
    first.socket.destroy()
    const second = await lone.bridge()
    assert.equal(resultOf(await second.call(HOST_TYPE.start, request('c1'))), '0x80004001')
    assert.equal(resultOf(await second.negotiate()), '')
    assert.equal(resultOf(await second.call(HOST_TYPE.start, request('c1'))), '')
  })

  for (const type of [0x10100e01, 0x10100f01, 0x10200101, 0x1010ff01, 0x20100101, 0x30100101, 0x00000000]) {
    it(`GCSG-007 does not know type 0x${type.toString(16)}, and says so under its low bits`, async () => {
      const bridge = await (await start()).connected()
      const answer = await bridge.call(type, request(NULL_ID))
      assert.equal(resultOf(answer), '0x80004001')
      assert.equal(answer.type, ((type & 0x0fffffff) | 0x20000000) >>> 0)
      const text = `HRESULT 0x80004001: bridge: function not supported, header type: ${type}`
      assert.equal(answer.body['ErrorMessage'], text)
      const [record] = answer.body['ErrorRecords'] as Record<string, unknown>[]
      assert.deepEqual(record, {
        Result: -2147467263,
        Message: text,
        ModuleName: 'gcs',
        FileName: '',
        Line: 4294967295,
      })
    })
  }

  it('GCSG-008 answers what is no JSON, quotes it, and goes on', async () => {
    const bridge = await (await start()).connected()
    const answer = await bridge.call(HOST_TYPE.create, '{')
    assert.equal(resultOf(answer), '0xc037010d')
    assert.match(answer.body['ErrorMessage'] as string, /message "\{": HRESULT 0xc037010d: /)
    assert.equal('ActivityId' in answer.body, false)
    assert.equal(resultOf(await bridge.call(HOST_TYPE.start, request('c1'))), '')
  })

  it('GCSG-009 an empty payload is no Start, but is a DumpStacks', async () => {
    const bridge = await (await start()).connected()
    assert.equal(resultOf(await bridge.call(HOST_TYPE.start, '')), '0xc037010d')
    for (const payload of ['', '{', 'null']) {
      const dump = await bridge.call(HOST_TYPE.dumpStacks, payload)
      assert.equal(resultOf(dump), '')
      assert.match(dump.body['GuestStacks'] as string, /goroutine 1/)
    }
  })

  const slow = { ResourceType: 'VPCIDevice', Settings: { VMBusGUID: 'c2b7c0de-3b3c-4a51-9c7f-0d9f1e2a3b4c' } }

  it('GCSG-010 a fast request overtakes a slow one', async () => {
    const bridge = await (await start()).connected()
    const waiting = lone.modify(bridge, slow)
    assert.equal(resultOf(await bridge.call(HOST_TYPE.start, request('c1'))), '')
    lone.guest.setHardware({ pci: ['c2b7c0de-3b3c-4a51-9c7f-0d9f1e2a3b4c'] })
    assert.equal(resultOf(await waiting), '')
  })

  it('GCSG-011 in sequential mode requests are answered in order, except waits', async () => {
    const bridge = await (await start('linux', { sequential: true })).connected()
    const { pid } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['sleep', '60'] })
    const wait = lone.wait(bridge, NULL_ID, pid, 300)
    const waiting = lone.modify(bridge, slow)
    const after = bridge.call(HOST_TYPE.start, request('c1'))
    // The wait is answered while the request before it and those behind are still held up.
    assert.equal(resultOf(await wait), '0xc0370109')
    const order: string[] = []
    void waiting.then(() => order.push('slow'))
    void after.then(() => order.push('fast'))
    assert.deepEqual(order, [])
    lone.guest.setHardware({ pci: ['c2b7c0de-3b3c-4a51-9c7f-0d9f1e2a3b4c'] })
    await Promise.all([waiting, after])
    assert.deepEqual(order, ['slow', 'fast'])
  })

  it('GCSG-012 echoes the ActivityId, in lower case, and none when there was none', async () => {
    const bridge = await (await start()).connected()
    const given = await bridge.call(HOST_TYPE.start, { ContainerId: 'c1', ActivityId: ACTIVITY.toUpperCase() })
    assert.equal(given.body['ActivityId'], ACTIVITY)
    const none = await bridge.call(HOST_TYPE.start, { ContainerId: 'c1' })
    assert.equal(resultOf(none), '')
    assert.equal('ActivityId' in none.body, false)
    const wrong = await bridge.call(HOST_TYPE.start, { ContainerId: 'c1', ActivityId: '' })
    assert.equal(resultOf(wrong), '0xc037010d')
  })

  it('a header below 16 bytes ends the connection, and the guest dials again', async () => {
    for (const size of [0, 15]) {
      const bridge = await (lone === undefined || size === 0 ? await start() : lone).connected()
      bridge.socket.write(frame(HOST_TYPE.start, 1n, '', size))
      await bridge.closed
    }
    assert.equal(resultOf(await (await lone.bridge()).negotiate()), '')
  })

  it('a frame cut off in the middle ends quietly', async () => {
    const bridge = await (await start()).connected()
    bridge.socket.end(frame(HOST_TYPE.start, 1n, '{}', 200))
    await bridge.closed
    assert.equal(resultOf(await (await lone.bridge()).negotiate()), '')
  })

  it('a frame larger than the guest can keep is skipped and answered', async function () {
    const bridge = await (await start()).connected()
    const payload = Buffer.alloc(17 * 1024 * 1024, 0x20)
    assert.equal(resultOf(await bridge.call(HOST_TYPE.start, payload)), '0x8007000e')
    assert.equal(resultOf(await bridge.call(HOST_TYPE.start, request('c1'))), '')
  })

  it('a frame that claims 4 GiB costs nothing', async () => {
    const bridge = await (await start()).connected()
    const before = process.memoryUsage().arrayBuffers
    bridge.socket.write(frame(HOST_TYPE.start, 1n, '{}', 0xffff_ffff))
    await turns(50)
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024)
  })

  it('every frame is answered exactly once, however the bytes are cut', async function () {
    const bridge = await (await start()).connected()
    let next = 1000n
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            type: fc
              .constantFrom(...Object.values(HOST_TYPE), 0x12345678, 0x2fffffff)
              .filter((type) => !POWER.has(type)),
            payload: fc.oneof(
              fc.json({ maxDepth: 3 }),
              fc.string(),
              fc.constantFrom('', '{}', '[[[[', `${'['.repeat(30_000)}`, '{"__proto__":{"ContainerId":1}}'),
              fc.record({ ContainerId: fc.constantFrom('', 'c1', NULL_ID), Settings: fc.anything() }).map((value) => {
                try {
                  return JSON.stringify(value)
                } catch {
                  return '{}'
                }
              }),
            ),
          }),
          { minLength: 1, maxLength: 8 },
        ),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }),
        async (frames, cuts) => {
          const ids = frames.map(() => next++)
          const bytes = Buffer.concat(frames.map(({ type, payload }, index) => frame(type, ids[index]!, payload)))
          const answers = ids.map((id) => bridge.expect(id))
          let at = 0
          for (const cut of cuts) {
            bridge.socket.write(bytes.subarray(at, at + cut))
            at += cut
          }
          bridge.socket.write(bytes.subarray(Math.min(at, bytes.length)))
          await Promise.all(answers)
        },
      ),
      { numRuns: 60 },
    )
    const counts = new Map<bigint, number>()
    for (const { id } of bridge.frames) counts.set(id, (counts.get(id) ?? 0) + 1)
    assert.deepEqual(
      [...counts.values()].filter((count) => count !== 1),
      [],
    )
  })

  it('a host that reads nothing holds up its own requests, and no memory', async function () {
    const bridge = await (await start()).connected()
    bridge.socket.pause()
    const block = Buffer.concat(Array.from({ length: 512 }, (_, id) => frame(HOST_TYPE.dumpStacks, BigInt(id), '')))
    let sent = 0
    let isHeldUp = false
    // The guest stops reading once its answers are not taken, and then the socket fills up.
    while (!isHeldUp && sent < 64 * 1024 * 1024) {
      sent += block.length
      if (bridge.socket.write(block)) continue
      isHeldUp = await Promise.race([once(bridge.socket, 'drain').then(() => false), turns(500).then(() => true)])
    }
    assert.ok(isHeldUp, `${sent} bytes went through`)
    bridge.socket.destroy()
    assert.equal(resultOf(await (await lone.bridge()).negotiate()), '')
  })

  it('a paused guest says nothing, and goes on when it is resumed', async () => {
    const bridge: RawBridge = await (await start()).connected()
    lone.guest.pause()
    const answer = bridge.call(HOST_TYPE.start, request('c1'))
    let answered = false
    void answer.then(() => (answered = true))
    await turns(50)
    assert.equal(answered, false)
    lone.guest.resume()
    assert.equal(resultOf(await answer), '')
  })

  for (const type of [HOST_TYPE.shutdownGraceful, HOST_TYPE.shutdownForced]) {
    it(`0x${type.toString(16)} of the null id switches the machine off`, async () => {
      const bridge = await (await start()).connected()
      bridge.post(type, request(NULL_ID))
      await lone.guest.poweredOff
    })
  }

  it('reads entropy to its end and sends its log before it connects', async () => {
    const order: string[] = []
    const entry = deferred<string>()
    await start('linux', { kernelCommandLine: 'quiet -- -e 1 /bin/vsockexec -e 109 /bin/gcs -v4' }, async (host) => {
      const [entropy, log] = [await host.listen('vsock_1'), await host.listen('vsock_109')]
      void entropy.accept().then(async (socket) => {
        order.push('entropy')
        socket.end(Buffer.alloc(512, 7))
        await once(socket.resume(), 'close')
      })
      void log.accept().then((socket) => {
        order.push('log')
        socket.on('data', (chunk) => entry.resolve(chunk.toString().split('\n')[0]!))
        socket.resume()
      })
    })
    await lone.connected()
    assert.deepEqual(order, ['entropy', 'log'])
    assert.deepEqual(Object.keys(JSON.parse(await entry.promise) as object), ['level', 'msg', 'time'])
  })
})

describe('a guest whose host is rough', () => {
  const dialled = (stream: () => Duplex): { guest: SimulatedGuest; services: string[] } => {
    const services: string[] = []
    const guest = SimulatedGuest.start({
      guestOS: 'linux',
      transport: {
        dial: async ({ serviceId }) => {
          services.push(serviceId)
          return stream()
        },
      },
      kernelCommandLine: 'quiet -- -e 1 /bin/gcs',
    })
    return { guest, services }
  }

  it('goes on to its bridge when its entropy breaks off', async () => {
    const bridge = deferred()
    let dials = 0
    const { guest, services } = dialled(() => {
      const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
      if (++dials === 1) setImmediate(() => stream.destroy(new Error('ECONNRESET')))
      else bridge.resolve()
      return stream
    })
    await bridge.promise
    assert.deepEqual(
      services.slice(0, 2).map((service) => service.slice(0, 8)),
      ['00000001', '40000000'],
    )
    await guest.stop()
  })

  it('waits for a slow reader without one more listener each time', async () => {
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    const done = deferred()
    let answers = 0
    let dials = 0
    const { guest } = dialled(() => {
      const stream: Duplex = new Duplex({
        writableHighWaterMark: 1,
        read: () => undefined,
        write: (_chunk, _encoding, next) => {
          if (++answers === 30) done.resolve()
          // The next request is there before this answer is taken.
          stream.push(frame(HOST_TYPE.properties, BigInt(answers), '{}'))
          setImmediate(() => setImmediate(next))
        },
      })
      if (++dials === 1) stream.push(null)
      else stream.push(frame(HOST_TYPE.properties, 0n, '{}'))
      return stream
    })
    await done.promise
    await guest.stop()
    await turns(2)
    process.off('warning', note)
    assert.deepEqual(warnings, [])
  })
})

/** Requests that may end the machine or the process of the test’s guest. */
const POWER: ReadonlySet<number> = new Set([HOST_TYPE.shutdownGraceful, HOST_TYPE.shutdownForced, HOST_TYPE.negotiate])

/** Lets everything that is queued in this process run, so many times. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
