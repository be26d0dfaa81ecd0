// A guest connection on a stream in memory: which stream counts, when requests run out, and what their errors say.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { BridgeClosedError, OperationTimeoutError, type UVMError } from '#dist/index.js'
import { GuestConnection } from '#dist/actors/gcs/connection/connection.js'
import { handshakeOn } from '#dist/actors/gcs/connection/greeting.js'
import type { GuestInit } from '#dist/actors/gcs/contract.js'
import { ManualClock } from '../../../fakes/clock.js'
import { pending, rejectsWith } from '../../../support/expect.js'

/** Nobody at the other end. */
class Silent extends Duplex {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    done()
  }
}

const OP = { op: 'guest.createConnection', handshake: true } as const

describe('a guest connection', () => {
  let clock: ManualClock
  let ends: (UVMError | undefined)[]
  let parks: UVMError[]

  beforeEach(() => {
    clock = new ManualClock()
    ends = []
    parks = []
  })

  function open(stream: Duplex): GuestConnection {
    return new GuestConnection(stream, {
      clock,
      vmId: 'vm',
      requestTimeoutMs: 300_000,
      onRequestTimeout: 'reject',
      onNotice: () => undefined,
      onPark: (cause) => parks.push(cause),
      onClose: (cause) => ends.push(cause),
    })
  }

  /** One whose transport was lost and is being resumed on another. */
  function resuming(): { connection: GuestConnection; old: Duplex; next: Duplex } {
    const [old, next] = [new Silent(), new Silent()]
    const connection = open(old)
    connection.follow()
    connection.drop(new BridgeClosedError({ reason: 'lost' }))
    assert.equal(parks.length, 1)
    connection.resume(next)
    return { connection, old, next }
  }

  it('what a stream says that was replaced does not count', async () => {
    const { connection, old } = resuming()
    old.emit('data', Buffer.alloc(64, 0xff))
    old.emit('error', new Error('late'))
    assert.deepEqual([ends, connection.closed], [[], false])
    connection.close()
  })

  it('a stream that was replaced while it lived is closed', async () => {
    const [old, next] = [new Silent(), new Silent()]
    const connection = open(old)
    connection.setMigrating(true)
    connection.resume(next)
    assert.deepEqual([old.destroyed, next.destroyed], [true, false])
    connection.close()
  })

  it('a resume that is given up can be tried again: the connection is not over', async () => {
    const { connection } = resuming()
    const abort = new AbortController()
    const init = { vmId: 'vm', runtimeId: '', guestOS: 'linux' } as GuestInit
    const shaking = rejectsWith(
      handshakeOn(connection, init, { coldStart: false, timeZone: '' }, abort.signal),
      BridgeClosedError,
    )
    abort.abort()
    await shaking
    assert.deepEqual([ends, connection.closed, connection.transport.kind], [[], false, 'down'])
    connection.close()
  })

  it('a stream that had ended before it was taken is the end of the connection', async () => {
    const stream = new Silent()
    stream.destroy()
    await once(stream, 'close')
    open(stream)
    await new Promise((resolve) => setImmediate(resolve))
    assert.match(String(ends[0]), /the stream closed/)
  })

  it('requests run out one after the other, each at its own time', async () => {
    const connection = open(new Silent())
    const [first, second] = [50, 80].map((timeoutMs) =>
      rejectsWith(connection.request('DumpStacks', '{}', { op: 'guest.dumpStacks', timeoutMs }), OperationTimeoutError),
    )
    clock.advance(50)
    assert.equal((await first!).timeoutMs, 50)
    assert.equal(await pending(second!), true)
    clock.advance(30)
    assert.equal((await second!).timeoutMs, 80)
    connection.close()
    assert.equal(clock.timers, 0)
  })

  it('whoever waits at its end hears what his own call was about', async () => {
    const connection = open(new Silent())
    const asked = ['a', 'b'].map((id) =>
      rejectsWith(connection.request('NegotiateProtocol', '{}', { ...OP, id }), BridgeClosedError),
    )
    connection.close(new BridgeClosedError({ reason: 'over' }))
    const errors = await Promise.all(asked)
    assert.deepEqual(
      errors.map(({ op, id }) => [op, id]),
      [
        ['guest.createConnection', 'a'],
        ['guest.createConnection', 'b'],
      ],
    )
  })
})
