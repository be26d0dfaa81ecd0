// The accept loop and the transport over scripted socket calls: what real families cannot be made to do. Sockets are invented numbers
// there, so a connection that came through shows by libuv's refusal to adopt it.

import assert from 'node:assert/strict'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { ActorLostError, InvalidStateError } from '#dist/index.js'
import { AcceptLoop } from '#dist/native/hyperv-socket/accept-loop.js'
import { HYPERV } from '#dist/native/hyperv-socket/addressing.js'
import { SocketError, socketErrorName } from '#dist/native/hyperv-socket/errors.js'
import type { Answer, OwnerMessage } from '#dist/native/hyperv-socket/messages.js'
import { HyperVSocketTransport } from '#dist/native/hyperv-socket/transport.js'
import { vsockServiceId } from '#dist/protocol/hvsocket.js'
import { ManualClock } from '../../fakes/clock.js'
import { ScriptedCalls } from '../../fakes/socket-calls.js'
import { rejection, rejectsWith } from '../../support/expect.js'

const ADDRESS = { runtimeId: 'e3763fcb-854a-5d09-9265-4bd047c8fa88', serviceId: vsockServiceId(0x4000_0000) }
const NOT_ADOPTED = /libuv cannot adopt/

describe('Hyper-V sockets over scripted calls', () => {
  let clock: ManualClock
  let calls: ScriptedCalls
  let transport: HyperVSocketTransport
  let loop: AcceptLoop
  let owner: MessagePort

  beforeEach(() => {
    clock = new ManualClock()
    calls = new ScriptedCalls(clock)
    const owning = new MessageChannel()
    owner = owning.port1
    loop = new AcceptLoop(calls, clock, 1, owning.port2)
    transport = open((port) => owner.postMessage({ join: 1, port } satisfies OwnerMessage, [port]))
  })
  afterEach(async () => {
    await during(transport.close())
    loop.turn()
    owner.close()
    assert.equal(calls.open.size, 0, 'sockets were left open')
    assert.equal(clock.timers, 0)
  })

  function open(join: (port: MessagePort) => void): HyperVSocketTransport {
    const link = new MessageChannel()
    const life = new MessageChannel()
    join(link.port1)
    return new HyperVSocketTransport(
      { library: 'winsock', wake: 1, port: link.port2, life: life.port2 },
      HYPERV,
      calls,
      clock,
    )
  }

  /** Turns the loop until the promise has settled. */
  async function during<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const done = (): void => void (settled = true)
    promise.then(done, done)
    while (!settled) {
      loop.turn()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return promise
  }

  describe('dialling', () => {
    it('fails at once where there is no such VM, whatever time and attempts are left [HCS-090]', async () => {
      calls.connects = [{ fails: 10049 }]
      const error = await during(
        rejectsWith(transport.dial(ADDRESS, { connectTimeoutMs: 300_000, retries: 9 }), SocketError),
      )
      assert.deepEqual([error.code, error.errno, error.syscall], ['EADDRNOTAVAIL', 10049, 'connect'])
      assert.match(error.message, /WSAEADDRNOTAVAIL.*there is no such VM/)
      assert.match(error.message, new RegExp(`${ADDRESS.runtimeId}:${ADDRESS.serviceId}`))
      assert.deepEqual([clock.now(), calls.connected], [0, 1])
    })

    it('tells the system how long a connect to a VM without listener may take, and takes its word [HCS-090]', async () => {
      calls.connects = [{ afterMs: 2_000, thenFails: 10060 }]
      const error = await during(rejectsWith(transport.dial(ADDRESS, { connectTimeoutMs: 2_000 }), SocketError))
      assert.deepEqual([error.code, error.errno], ['ETIMEDOUT', 10060])
      assert.equal(clock.now(), 2_000)
      assert.deepEqual(calls.options, [{ level: 1, name: 1, value: Uint8Array.of(0xd0, 0x07, 0, 0) }])
    })

    it('ends the connect itself where the system does not [HCS-090]', async () => {
      calls.connects = [{ afterMs: Infinity }]
      const error = await during(rejectsWith(transport.dial(ADDRESS, { connectTimeoutMs: 1_234 }), SocketError))
      assert.equal(error.code, 'ETIMEDOUT')
      assert.equal(clock.now(), 1_234)
    })

    it('waits 30 s unless told otherwise, and asks for no more than the system allows', async () => {
      calls.connects = [{ afterMs: Infinity }]
      await during(rejection(transport.dial(ADDRESS)))
      assert.equal(clock.now(), 30_000)
      await during(rejection(transport.dial(ADDRESS, { connectTimeoutMs: 400_000 })))
      assert.deepEqual(
        calls.options.map(({ value }) => new DataView(value.buffer).getUint32(0, true)),
        [30_000, 300_000],
      )
    })

    it('connects at once, or after a while', async () => {
      calls.connects = [{}, { afterMs: 700 }]
      await during(assert.rejects(transport.dial(ADDRESS), NOT_ADOPTED))
      assert.equal(clock.now(), 0)
      await during(assert.rejects(transport.dial(ADDRESS), NOT_ADOPTED))
      assert.equal(clock.now(), 700)
    })

    for (const errno of [10061, 10051, 10060, 1225, 1201]) {
      it(`tries again after ${socketErrorName('winsock', errno)}, and comes through`, async () => {
        calls.connects = [{ fails: errno }, { afterMs: 50, thenFails: errno }, {}]
        const dialling = transport.dial(ADDRESS, { retries: 5, retryWaitMs: 40 })
        const outcome = assert.rejects(dialling, NOT_ADOPTED)
        for (const attempts of [1, 2]) {
          while (calls.connected < attempts || clock.timers === 0) {
            loop.turn()
            await new Promise((resolve) => setImmediate(resolve))
          }
          clock.advance(40)
        }
        await during(outcome)
        assert.equal(calls.connected, 3)
      })
    }

    it('gives up after the last attempt, with its error', async () => {
      calls.connects = [{ fails: 10051 }, { fails: 10061 }]
      const error = during(rejectsWith(transport.dial(ADDRESS, { retries: 1, retryWaitMs: 40 }), SocketError))
      while (clock.timers === 0) await new Promise((resolve) => setImmediate(resolve))
      clock.advance(40)
      assert.equal((await error).code, 'ECONNREFUSED')
      assert.equal(calls.connected, 2)
    })

    for (const errno of [10013, 10047, 10048, 10049, 10054]) {
      it(`does not try again after ${socketErrorName('winsock', errno)}`, async () => {
        calls.connects = [{ fails: errno }]
        const error = await during(rejectsWith(transport.dial(ADDRESS, { retries: 9 }), SocketError))
        assert.equal(error.errno, errno)
        assert.equal(calls.connected, 1)
      })
    }

    it('is given up by its signal: while it connects, and between attempts', async () => {
      calls.connects = [{ afterMs: Infinity }, { fails: 10061 }]
      const reason = new Error('enough')
      const connecting = new AbortController()
      const first = rejection(transport.dial(ADDRESS, { signal: connecting.signal }))
      while (calls.connected === 0) loop.turn()
      connecting.abort(reason)
      assert.equal(await during(first), reason)
      const pausing = new AbortController()
      const second = during(rejection(transport.dial(ADDRESS, { signal: pausing.signal, retries: 1 })))
      while (clock.timers === 0) await new Promise((resolve) => setImmediate(resolve))
      pausing.abort(reason)
      assert.equal(await second, reason)
    })

    it('ends with the transport', async () => {
      calls.connects = [{ afterMs: Infinity }]
      const dialling = rejection<Error>(transport.dial(ADDRESS))
      while (calls.connected === 0) loop.turn()
      await during(transport.close())
      assert.match((await dialling).message, /the transport was closed/)
      const late = await rejectsWith(transport.dial(ADDRESS), InvalidStateError)
      assert.match(late.message, /the transport was closed/)
    })

    it('leaves no socket behind when an option is refused', async () => {
      calls.optionFails = 10042
      const error = await during(rejectsWith(transport.dial(ADDRESS), SocketError))
      assert.deepEqual([error.code, error.syscall], ['ENOPROTOOPT', 'setsockopt'])
      assert.equal(calls.open.size, 0)
    })
  })

  describe('listening', () => {
    for (const [errno, name, code] of [
      [10013, 'WSAEACCES', 'EACCES'],
      [10048, 'WSAEADDRINUSE', 'EADDRINUSE'],
      [10049, 'WSAEADDRNOTAVAIL', 'EADDRNOTAVAIL'],
      [10093, 'WSANOTINITIALISED', 'WSANOTINITIALISED'],
      [10999, 'Winsock error 10999', 'WSA10999'],
    ] as const) {
      it(`names the failure of a bind: ${name}`, async () => {
        calls.bindFails = errno
        const error = await during(rejectsWith(transport.listen(ADDRESS), SocketError))
        assert.deepEqual([error.code, error.errno, error.syscall], [code, errno, 'bind'])
        assert.match(error.message, new RegExp(name))
        assert.equal(calls.open.size, 0)
      })
    }

    it('says that a host has no Hyper-V sockets', async () => {
      calls.socketFails = 10047
      const error = await during(rejectsWith(transport.listen(ADDRESS), SocketError))
      assert.equal(error.code, 'EAFNOSUPPORT')
      assert.match(error.message, /WSAEAFNOSUPPORT.*this host has no sockets of that kind/)
    })

    it('rejects one accept when the process has no numbers left, and goes on', async () => {
      const listener = await during(transport.listen(ADDRESS))
      const accepting = [listener.accept(), listener.accept()].map((each) => rejection<Error>(each))
      calls.accepts = [10024, undefined]
      const [first, second] = (await during(Promise.all(accepting))) as [SocketError, Error]
      assert.deepEqual([first.code, first.syscall], ['EMFILE', 'accept'])
      assert.match(second.message, NOT_ADOPTED)
    })

    it('fails every accept when the listener is broken, and is closed', async () => {
      const listener = await during(transport.listen(ADDRESS))
      const accepting = [listener.accept(), listener.accept()].map((each) => rejectsWith(each, SocketError))
      calls.listenersFailed = true
      calls.accepts = [10038]
      for (const error of await during(Promise.all(accepting))) assert.equal(error.code, 'ENOTSOCK')
      assert.equal((await rejectsWith(listener.accept(), SocketError)).code, 'ENOTSOCK')
      assert.equal(calls.open.size, 0)
      await during(listener.close())
    })

    it('fails with the acceptor thread, which closes every socket when it ends in order', async () => {
      const listener = await during(transport.listen(ADDRESS))
      const accepting = rejection<Error>(listener.accept())
      owner.postMessage({ end: true } satisfies OwnerMessage)
      assert.match((await during(accepting)).message, /the acceptor thread has ended/)
      assert.equal(calls.open.size, 0)
      assert.match((await rejection<Error>(transport.listen(ADDRESS))).message, /the acceptor thread has ended/)
      await listener.close()
    })

    it('closes its own socket when the acceptor thread is lost', async () => {
      let port: MessagePort | undefined
      const orphan = open((theirs) => (port = theirs))
      const listening = orphan.listen(ADDRESS)
      const socket = calls.socket()
      port!.postMessage({ tell: 'listening', id: 1, socket } satisfies Answer)
      const accepting = rejection<Error>((await listening).accept())
      port!.close()
      assert.match((await accepting).message, /the acceptor thread died/)
      await rejectsWith(orphan.listen(ADDRESS), ActorLostError)
      assert.equal(calls.open.size, 0)
      await orphan.close()
    })

    it('gives up what a thread had when the thread is gone', async () => {
      await during(transport.listen(ADDRESS))
      assert.equal(calls.open.size, 1)
      owner.postMessage({ leave: 1 } satisfies OwnerMessage)
      loop.turn()
      assert.equal(calls.open.size, 0)
      assert.match((await during(rejection<Error>(transport.listen(ADDRESS)))).message, /the acceptor thread has ended/)
    })

    it('takes an offer back that was not taken when its listener closed', async () => {
      const listener = await during(transport.listen(ADDRESS))
      const accepting = rejection<Error>(listener.accept())
      calls.accepts = [undefined]
      // The offer is made, and its answer not yet heard.
      while (calls.open.size < 2) loop.turn()
      const closing = listener.close()
      await during(closing)
      assert.match((await accepting).message, /was closed/)
      assert.equal(calls.open.size, 0)
    })
  })
})
