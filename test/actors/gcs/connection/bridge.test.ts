// The guest connection against a guest that does what the test says, over real sockets.

import assert from 'node:assert/strict'
import {
  AbortError,
  BridgeClosedError,
  GuestConnectionUnavailableError,
  GuestRPCError,
  isAlreadyClosed,
  isNotExist,
  OperationTimeoutError,
  OverloadedError,
  ProtocolError,
  type UVMError,
} from '#dist/index.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { frame, LINUX_CAPABILITIES, TYPE, type Peer } from '../../../peer/peer.js'
import { pending, rejectsWith } from '../../../support/expect.js'

const DISK = { MountPath: '/mnt', Lun: 1 }
const NULL_ID = '00000000-0000-0000-0000-000000000000'

describe('guest connection', () => {
  let fake: FakeGuest
  const events: (UVMError | undefined)[] = []
  async function make(...options: Parameters<typeof fakeGuest>): Promise<FakeGuest> {
    fake = await fakeGuest(...options)
    events.length = 0
    fake.guest.on('disconnected', (error) => events.push(error as UVMError | undefined))
    return fake
  }
  afterEach(() => fake.close())

  /** Two calls in flight, and the requests they are. */
  async function twoCalls(
    peer: Peer,
  ): Promise<{ promises: Promise<void>[]; requests: Awaited<ReturnType<Peer['next']>>[] }> {
    const promises = [
      fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/a', Lun: 1 }),
      fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/b', Lun: 2 }),
    ]
    for (const promise of promises) promise.catch(() => undefined)
    return { promises, requests: [await peer.next(TYPE.modify), await peer.next(TYPE.modify)] }
  }

  describe('framing', () => {
    it('GCSH-001 the first frame negotiates version 4 with the id 0', async () => {
      await make()
      const connecting = fake.guest.createConnection()
      const peer = await fake.dial()
      const first = await peer.next()
      const expected =
        '010b10107d0000000000000000000000' +
        Buffer.from(`{"ContainerId":"","ActivityId":"${NULL_ID}","MinimumVersion":4,"MaximumVersion":4}\n`).toString(
          'hex',
        )
      assert.equal(first.raw.toString('hex'), expected)
      peer.answer(first, { Version: 4, Capabilities: LINUX_CAPABILITIES })
      await connecting
    })

    it('GCSH-002 a sent frame counts header, payload and the line feed', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/ü-😀', Lun: 1 })
      const request = await peer.next(TYPE.modify)
      assert.equal(request.size, request.raw.length)
      assert.equal(request.raw.at(-1), 0x0a)
      assert.equal(
        request.text,
        `{"ContainerId":"${NULL_ID}","ActivityId":"${NULL_ID}","Request":{"RequestType":"Add","ResourceType":"MappedVirtualDisk","Settings":{"MountPath":"/ü-😀","Lun":1}}}\n`,
      )
      peer.answer(request)
      await call
    })

    it('GCSH-003 a response in reads of one byte is decoded', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      const { id } = await peer.next(TYPE.modify)
      peer.socket.setNoDelay(true)
      for (const byte of frame(0x20100a01, id, '{"Result":0}')) {
        await new Promise<void>((resolve) => peer.socket.write(Buffer.from([byte]), () => resolve()))
      }
      await call
    })

    it('GCSH-004 two responses in one read complete both calls', async () => {
      await make()
      const peer = await fake.connect()
      const { promises, requests } = await twoCalls(peer)
      peer.send(Buffer.concat(requests.map(({ id }) => frame(0x20100a01, id, '{"Result":0}'))))
      await Promise.all(promises)
    })

    it('GCSH-005 a response of exactly 65536 bytes is accepted', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.dumpStacks()
      const { id } = await peer.next(TYPE.dumpStacks)
      const room = 65_536 - 16 - '{"Result":0,"GuestStacks":""}'.length
      const stacks = 'x'.repeat(room)
      peer.send(frame(0x20100c01, id, `{"Result":0,"GuestStacks":"${stacks}"}`))
      assert.equal(await call, stacks)
    })

    it('GCSH-016 white space around the payload is ignored', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      peer.answer(await peer.next(), ' \r\n\t{"Result":0} \n\n')
      await call
    })

    for (const [body, code] of [
      ['{"result":-5}', '0xfffffffb'],
      ['{"RE\u017fULT":-6}', '0xfffffffa'],
      ['{"Result":0,"result":-5}', '0xfffffffb'],
      ['{"result":-5,"Result":0}', ''],
      ['{"result":-5,"Result":0,"result":-7}', '0xfffffff9'],
      ['{"Result":-5,"result":null}', '0xfffffffb'],
    ] as const) {
      it(`GCSH-017 a member counts in any letter case, its last occurrence above all: ${body}`, async () => {
        await make()
        const peer = await fake.connect()
        const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
        peer.answer(await peer.next(), body)
        if (code === '') return call
        await assert.rejects(call, (error: GuestRPCError) => {
          assert.equal(`0x${(error.result >>> 0).toString(16)}`, code)
          return true
        })
      })
    }

    it('GCSH-006 a create of 45 KiB that the guest cannot read comes back in 90720 bytes, and fails alone', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.createContainer('c', { OciBundlePath: 'x'.repeat(45_000) })
      const quoted = JSON.stringify({ Result: -1070137075, ErrorMessage: '' })
      const room = 90_720 - 16 - quoted.length
      peer.answer(await peer.next(), quoted.replace('""', JSON.stringify('y'.repeat(room))))
      const error = await rejectsWith(call, GuestRPCError)
      assert.equal(error.errorMessage.length, room)
      assert.equal(await fake.guest.isConnected(), true)
    })

    it('GCSH-006 the stacks of a guest with many processes arrive, up to 4 MiB', async () => {
      await make()
      const peer = await fake.connect()
      for (const size of [298_686, 4 * 1024 * 1024]) {
        const call = fake.guest.dumpStacks()
        const stacks = 's'.repeat(size - 16 - '{"Result":0,"GuestStacks":""}'.length)
        peer.answer(await peer.next(), `{"Result":0,"GuestStacks":"${stacks}"}`)
        assert.equal((await call).length, stacks.length)
      }
      const call = fake.guest.dumpStacks()
      const { id } = await peer.next()
      peer.send(frame(0x20100c01, id, '', 4 * 1024 * 1024 + 1))
      await rejectsWith(call, BridgeClosedError)
    })

    it('GCSH-018 unknown members are ignored, whatever their name', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      peer.answer(await peer.next(), '{"Result":0,"__proto__":{"Result":5},"constructor":1,"toString":null,"New":[{}]}')
      await call
      assert.equal(({} as Record<string, unknown>)['Result'], undefined)
    })

    it('of members with one name the last counts, also beside a number that a double cannot hold', async () => {
      await make()
      const peer = await fake.connect()
      for (const big of ['7', '18446744073709551615']) {
        const call = fake.guest.dumpStacks()
        peer.answer(await peer.next(), `{"Result":-5,"Big":${big},"GuestStacks":"a","GuestStacks":"b","Result":0}`)
        assert.equal(await call, 'b')
      }
    })

    it('GCSH-012 GCSH-013 only the direction of a response’s type counts', async () => {
      await make()
      const peer = await fake.connect()
      const { promises, requests } = await twoCalls(peer)
      peer.send(frame(0x20000000, requests[0]!.id, '{"Result":0}'))
      peer.send(frame(0x20100601, requests[1]!.id, '{"Result":0}'))
      await Promise.all(promises)
    })

    it('GCSH-020 ids of concurrent calls are unique and grow, frames are whole', async () => {
      await make('linux', { modifyConcurrency: Infinity })
      const peer = await fake.connect()
      const calls = Array.from({ length: 200 }, (_, lun) =>
        fake.guest.addLCOWMappedVirtualDisk({ MountPath: `/${lun}`, Lun: lun }),
      )
      let last = 0n
      for (let count = 0; count < 200; count++) {
        const request = await peer.next(TYPE.modify)
        assert(request.id > last)
        last = request.id
        peer.answer(request)
      }
      await Promise.all(calls)
    })
  })

  describe('what ends the connection', () => {
    /** The peer does something illegal while two calls are in flight. */
    async function breaks(
      act: (peer: Peer, ids: bigint[], sizes: number[]) => void | Promise<void>,
      expected: abstract new (...args: never[]) => Error = ProtocolError,
    ): Promise<UVMError[]> {
      await make()
      const peer = await fake.connect()
      const { promises, requests } = await twoCalls(peer)
      await act(
        peer,
        requests.map(({ id }) => id),
        requests.map(({ size }) => size),
      )
      const errors = (await Promise.all(promises.map((promise) => rejectsWith(promise, Error)))) as UVMError[]
      await peer.closed
      assert.equal(await fake.guest.isConnected(), false)
      assert.equal(events.length, 1)
      const ended = events[0]!
      assert(ended instanceof BridgeClosedError)
      assert.equal(ended.id, 'vm')
      if (expected !== BridgeClosedError) assert(ended.cause instanceof expected, String(ended.cause))
      const later = await rejectsWith(fake.guest.addLCOWMappedVirtualDisk(DISK), GuestConnectionUnavailableError)
      assert(later.cause instanceof BridgeClosedError)
      return errors
    }

    function allClosed(errors: UVMError[]): void {
      for (const error of errors) {
        assert(error instanceof BridgeClosedError, String(error))
        assert.equal(isAlreadyClosed(error), true)
      }
    }

    it('GCSH-006 a header that is a byte larger than 64 KiB and four times the request', async () => {
      allClosed(await breaks((peer, [id], [size]) => peer.send(frame(0x20100a01, id!, '', 65_536 + 4 * size! + 1))))
    })

    it('GCSH-006 a header with the size 65537 that answers nothing', async () => {
      allClosed(await breaks((peer) => peer.send(frame(0x20100a01, 99n, '', 65_537))))
      await fake.close()
      allClosed(await breaks((peer, [id]) => peer.send(frame(0x30100101, id!, '', 65_537))))
    })

    for (const size of [15, 0, 1, 0x7fff_ffff, 0xffff_ffff]) {
      it(`GCSH-007 a header with the size ${size}`, async () => {
        allClosed(await breaks((peer, [id]) => peer.send(frame(0x20100a01, id!, '', size))))
      })
    }

    it('GCSH-008 GCSH-031 the end of the stream between frames', async () => {
      allClosed(await breaks((peer) => void peer.socket.end(), BridgeClosedError))
    })

    for (const [where, bytes] of [
      ['a header', 7],
      ['a payload', 20],
    ] as const) {
      it(`GCSH-009 the end of the stream inside ${where}`, async () => {
        const errors = await breaks(
          (peer, [id]) => void peer.socket.end(frame(0x20100a01, id!, '{"Result":0}').subarray(0, bytes)),
        )
        allClosed(errors)
        assert.match(String((errors[0]!.cause as Error).message), new RegExp(`inside ${where}`))
      })
    }

    for (const type of [0x10100a01, 0x00100a01, 0x40100a01, 0xf0000000]) {
      it(`GCSH-010 a frame of the type 0x${type.toString(16)}`, async () => {
        allClosed(await breaks((peer, [id]) => peer.send(frame(type, id!, '{"Result":0}'))))
      })
    }

    it('GCSH-011 a notification of another type', async () => {
      allClosed(await breaks((peer) => peer.send(frame(0x30100201, 0n, '{}'))))
    })

    it('a notification for a container that nobody waits for', async () => {
      const payload = JSON.stringify({
        ContainerId: 'c',
        ActivityId: NULL_ID,
        Type: 'UnexpectedExit',
        Operation: 'None',
        Result: 0,
      })
      allClosed(await breaks((peer) => peer.send(frame(0x30100101, 0n, payload))))
    })

    it('GCSH-014 a response with an unknown id', async () => {
      allClosed(await breaks((peer) => peer.send(frame(0x20100a01, 0xffff_ffff_ffff_ffffn, '{"Result":0}'))))
    })

    it('GCSH-015 the same response twice', async () => {
      await make()
      const peer = await fake.connect()
      const { promises, requests } = await twoCalls(peer)
      peer.answer(requests[0]!)
      await promises[0]
      peer.answer(requests[0]!)
      allClosed([await rejectsWith(promises[1]!, BridgeClosedError)])
      await peer.closed
    })

    for (const [what, payload] of [
      ['that is no JSON', '{"Result":'],
      ['that is empty', ''],
      ['that is no object', '[]'],
      ['whose Result is a string', '{"Result":"0"}'],
      ['whose Result is out of range', '{"Result":4294967296}'],
      ['whose records are no array', '{"Result":1,"ErrorRecords":{}}'],
      ['whose ActivityId is no GUID', '{"Result":0,"ActivityId":"x"}'],
      ['that is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
      ['nested 30,000 deep, closed', '['.repeat(30_000) + ']'.repeat(30_000)],
      ['nested 30,000 deep, unclosed', '{"a":'.repeat(12_000)],
      ['nested 129 deep', `{"Result":0,"x":${'['.repeat(128)}${']'.repeat(128)}}`],
    ] as const) {
      it(`GCSH-019 a response ${what}: its own call fails with a ProtocolError`, async () => {
        const [own, other] = await breaks((peer, [id]) => peer.send(frame(0x20100a01, id!, payload)))
        assert(own instanceof ProtocolError, String(own))
        assert.equal(own.code, 'UVM_PROTOCOL')
        assert.equal(own.op, 'guest.addLCOWMappedVirtualDisk')
        allClosed([other!])
      })
    }

    for (const [what, call, type, body] of [
      [
        'an execute response whose ProcessId is a string',
        () => fake.guest.createProcess({ CommandArgs: ['a'] }),
        TYPE.execute,
        '{"Result":0,"ProcessId":"7"}',
      ],
      ['a stack dump that is a number', () => fake.guest.dumpStacks(), TYPE.dumpStacks, '{"Result":0,"GuestStacks":7}'],
    ] as const) {
      it(`GCSH-019 ${what}: its own call fails with a ProtocolError and the connection ends`, async () => {
        await make()
        const peer = await fake.connect()
        const failing = call()
        failing.catch(() => undefined)
        peer.answer(await peer.next(type), body)
        await rejectsWith(failing, ProtocolError)
        await peer.closed
        assert.equal(await fake.guest.isConnected(), false)
      })
    }

    it('GCSH-032 a socket on which nothing can be written any more', async () => {
      allClosed(
        await breaks((peer) => {
          peer.destroy()
          fake.guest.dumpStacks().catch(() => undefined)
        }, BridgeClosedError),
      )
    })

    it('a flood of answers that nobody asked for costs no memory', async () => {
      allClosed(
        await breaks((peer) => {
          const junk = frame(0x20100a01, 99_999n, `{"x":"${'y'.repeat(60_000)}"}`)
          for (let count = 0; count < 200; count++) peer.send(junk)
        }),
      )
    })

    it('arbitrary bytes', async () => {
      allClosed(await breaks((peer) => peer.send(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))))
    })
  })

  describe('calls', () => {
    it('GCSH-021 answers in reverse order reach their own calls', async () => {
      await make()
      const peer = await fake.connect()
      const { promises, requests } = await twoCalls(peer)
      peer.answer(requests[1]!, { Result: -2147467259, ErrorMessage: 'second' })
      peer.answer(requests[0]!)
      await promises[0]
      const error = await rejectsWith(promises[1]!, GuestRPCError)
      assert.equal(error.errorMessage, 'second')
    })

    it('GCSH-022 a signed result equals its unsigned code', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      const record = {
        Result: -1070137074,
        Message: 'gone',
        ModuleName: 'gcs',
        FileName: 'a.go',
        Line: 7,
        FunctionName: 'f',
      }
      peer.answer(await peer.next(), { Result: -1070137074, ErrorMessage: 'no such thing', ErrorRecords: [record] })
      const error = await rejectsWith(call, GuestRPCError)
      assert.equal(error.result, 0xc037010e)
      assert.equal(isNotExist(error), true)
      assert.deepEqual(error.records, [record])
      assert.match(error.message, /guest\.addLCOWMappedVirtualDisk "vm": .*no such thing/)
    })

    it('GCSH-023 a failure without a message has the text of its code, and the connection stays', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      peer.answer(await peer.next(), { Result: -2147023728, ErrorMessage: '' })
      const error = await rejectsWith(call, GuestRPCError)
      assert.match(error.message, /not found/i)
      const again = fake.guest.addLCOWMappedVirtualDisk(DISK)
      peer.answer(await peer.next())
      await again
    })

    it('GCSH-024 a call that is aborted before it is made sends nothing', async () => {
      await make()
      const peer = await fake.connect()
      await rejectsWith(fake.guest.addLCOWMappedVirtualDisk(DISK, { signal: AbortSignal.abort() }), AbortError)
      const next = fake.guest.dumpStacks()
      const request = await peer.next(TYPE.dumpStacks)
      peer.answer(request, { GuestStacks: 's' })
      await next
      assert.equal(peer.unread, 0)
    })

    it('GCSH-025 a call in flight that is aborted rejects at once, and its late answer is consumed', async () => {
      await make()
      const peer = await fake.connect()
      const abort = new AbortController()
      const call = fake.guest.dumpStacks({ signal: abort.signal })
      const request = await peer.next(TYPE.dumpStacks)
      abort.abort()
      await rejectsWith(call, AbortError)
      peer.answer(request, { GuestStacks: 'late' })
      const next = fake.guest.dumpStacks()
      peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: 'fresh' })
      assert.equal(await next, 'fresh')
    })

    it('GCSH-026 a change whose caller’s time runs out rejects at once; the late answer is consumed', async () => {
      await make()
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK, { timeoutMs: 500 })
      const request = await peer.next(TYPE.modify)
      fake.clock.advance(500)
      await rejectsWith(call, OperationTimeoutError)
      peer.answer(request)
      const next = fake.guest.addLCOWMappedVirtualDisk(DISK)
      peer.answer(await peer.next(TYPE.modify))
      await next
    })

    it('GCSH-027 a request past its time fails alone; its late answer is consumed', async () => {
      await make('linux', { requestTimeoutMs: 1000 })
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      const request = await peer.next(TYPE.modify)
      fake.clock.advance(1000)
      const error = await rejectsWith(call, OperationTimeoutError)
      assert.equal(error.timeoutMs, 1000)
      peer.answer(request)
      const next = fake.guest.addLCOWMappedVirtualDisk(DISK)
      peer.answer(await peer.next(TYPE.modify))
      await next
      assert.equal(await fake.guest.isConnected(), true)
    })

    it('GCSH-027 with onRequestTimeout close the connection is given up', async () => {
      await make('linux', { requestTimeoutMs: 1000, onRequestTimeout: 'close' })
      const peer = await fake.connect()
      const call = fake.guest.addLCOWMappedVirtualDisk(DISK)
      await peer.next(TYPE.modify)
      fake.clock.advance(1000)
      const error = await rejectsWith(call, BridgeClosedError)
      assert(error.cause instanceof OperationTimeoutError)
      await peer.closed
    })

    it('GCSH-029 after a connection that was closed on purpose there is none', async () => {
      await make()
      const peer = await fake.connect()
      await fake.guest.closeConnection()
      await peer.closed
      assert.deepEqual(events, [undefined])
      const error = await rejectsWith(fake.guest.addLCOWMappedVirtualDisk(DISK), GuestConnectionUnavailableError)
      assert(error.cause instanceof BridgeClosedError)
      await fake.guest.closeConnection()
    })

    it('GCSH-030 after a connection that broke the cause is there', async () => {
      await make()
      const peer = await fake.connect()
      peer.send(frame(0x20100a01, 500n, '{}'))
      await peer.closed
      const error = await rejectsWith(fake.guest.dumpStacks(), GuestConnectionUnavailableError)
      assert(error.cause instanceof BridgeClosedError)
      assert(error.cause.cause instanceof ProtocolError)
    })

    it('changes start in call order, four at a time; a slow one holds only its own place', async () => {
      await make()
      const peer = await fake.connect()
      const calls = Array.from({ length: 6 }, (_, lun) =>
        fake.guest.addLCOWMappedVirtualDisk({ MountPath: `/${lun}`, Lun: lun }),
      )
      const requests = []
      for (let count = 0; count < 4; count++) requests.push(await peer.next(TYPE.modify))
      assert.equal(await pending(calls[4]!), true)
      assert.equal(peer.unread, 0)
      peer.answer(requests[2]!)
      const fifth = await peer.next(TYPE.modify)
      assert.match(fifth.text, /"MountPath":"\/4"/)
      for (const request of [fifth, requests[0]!, requests[1]!, requests[3]!]) peer.answer(request)
      peer.answer(await peer.next(TYPE.modify))
      await Promise.all(calls)
    })

    it('a change whose time ran out behind others says that nothing was sent, and is not', async () => {
      await make('linux', { modifyConcurrency: 1 })
      const peer = await fake.connect()
      const first = fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/1', Lun: 1 })
      const request = await peer.next(TYPE.modify)
      const late = fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/2', Lun: 2 }, { timeoutMs: 50 })
      assert.equal(await pending(late), true)
      fake.clock.advance(50)
      const error = await rejectsWith(late, OperationTimeoutError)
      assert.equal(error.sent, false)
      assert.match(error.message, /within 50 ms \(it waited behind guest\.addLCOWMappedVirtualDisk\); nothing was sent/)
      peer.answer(request)
      await first
      assert.equal(peer.unread, 0)
    })

    it('a guest that reads nothing blocks nobody else', async () => {
      await make('linux', { modifyConcurrency: Infinity })
      const peer = await fake.connect()
      peer.socket.pause()
      const big = 'x'.repeat(4 * 1024 * 1024)
      const calls = Array.from({ length: 12 }, () => fake.guest.addLCOWMappedVirtualDisk({ MountPath: big, Lun: 1 }))
      const outcomes = Promise.allSettled(calls)
      await rejectsWith(calls.at(-1)!, OverloadedError)
      await fake.guest.closeConnection()
      const codes = new Set(
        (await outcomes).map((one) => (one.status === 'rejected' ? (one.reason as UVMError).code : 'ok')),
      )
      assert.deepEqual([...codes].sort(), ['UVM_BRIDGE_CLOSED', 'UVM_OVERLOADED'])
    })
  })
})
