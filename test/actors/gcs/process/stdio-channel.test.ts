// The actor's end of a stream, on its own: what it grants, and in which order it hands on.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { InputChannel, OutputChannel } from '#dist/actors/gcs/process/stdio-channel.js'
import { ManualClock } from '../../../fakes/clock.js'

function channelOf(
  Kind: typeof InputChannel | typeof OutputChannel,
  socket: PassThrough,
  endedWhole?: () => Promise<boolean>,
): MessagePort {
  const { port1: local, port2: port } = new MessageChannel()
  const gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
  const listener = {
    address: { runtimeId: '', serviceId: '' },
    accept: () => Promise.resolve(socket),
    close: () => Promise.resolve(),
  }
  new Kind({ listener, port, clock: new ManualClock(), gauges, endedWhole })
  return local
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the actor’s end of a stream', () => {
  it('stdin grants every byte that it has passed on', async () => {
    const socket = new PassThrough()
    const port = channelOf(InputChannel, socket)
    const sizes = [1, 7, 64 * 1024]
    const received: unknown[] = []
    port.on('message', (message) => {
      received.push(message)
      if (received.length === sizes.length) port.postMessage({ closed: true })
    })
    for (const size of sizes) port.postMessage(new Uint8Array(size))
    await once(port, 'close')
    assert.deepEqual(received, [...sizes.map((credit) => ({ credit })), { closed: true }])
  })

  it('stdout closes its port behind the last byte, read or not', async () => {
    const socket = new PassThrough()
    const port = channelOf(OutputChannel, socket)
    const received: unknown[] = []
    port.on('message', (message) => received.push(message))
    socket.end('abc')
    await once(port, 'close')
    assert.deepEqual(received, [new Uint8Array(Buffer.from('abc')), { end: true }])
  })

  for (const [what, isWhole, last] of [
    ['the guest has set is one', true, { end: true }],
    ['came with the loss of who carried the stream is none', false, { closed: true }],
  ] as const) {
    it(`stdout: an end of file that ${what}`, async () => {
      const socket = new PassThrough({ autoDestroy: false })
      const port = channelOf(OutputChannel, socket, () => Promise.resolve(isWhole))
      const received: unknown[] = []
      port.on('message', (message) => received.push(message))
      socket.end('abc')
      await once(port, 'close')
      assert.deepEqual(received, [new Uint8Array(Buffer.from('abc')), last])
    })
  }

  for (const [what, Kind] of [
    ['stdout', OutputChannel],
    ['stdin', InputChannel],
  ] as const) {
    it(`${what}: a dial that was given up before the start was answered is not the stream; the next one is`, async () => {
      const { port1: local, port2: port } = new MessageChannel()
      const gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
      const [given, taken] = [new PassThrough({ autoDestroy: false }), new PassThrough({ autoDestroy: false })]
      const sockets = [given, taken]
      let accepted = 0
      let isClosed = false
      const listener = {
        address: { runtimeId: '', serviceId: '' },
        accept: () => Promise.resolve(sockets[accepted++] ?? assert.fail('nobody else is accepted')),
        close: () => Promise.resolve(void (isClosed = true)),
      }
      const channel = new Kind({ listener, port, clock: new ManualClock(), gauges })
      await turn()
      assert.deepEqual([accepted, isClosed, gauges.sockets], [1, false, 2])
      given.destroy(new Error('reset'))
      await once(given, 'close').catch(() => undefined)
      await turn()
      assert.deepEqual([accepted, isClosed, gauges.sockets], [2, false, 2])
      channel.started()
      await turn()
      assert.deepEqual([isClosed, gauges.sockets], [true, 1])
      const received: unknown[] = []
      local.on('message', (message) => received.push(message))
      taken.destroy(new Error('reset'))
      await once(local, 'close')
      assert.deepEqual(received, [Kind === OutputChannel ? { closed: true } : { closed: true, unread: true }])
      assert.deepEqual([accepted, gauges.sockets], [2, 0])
    })
  }

  it('stdout: an end before the start was answered ends the listening too', async () => {
    const { port1: local, port2: port } = new MessageChannel()
    const gauges = { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0 }
    const socket = new PassThrough()
    let isClosed = false
    const listener = {
      address: { runtimeId: '', serviceId: '' },
      accept: () => Promise.resolve(socket),
      close: () => Promise.resolve(void (isClosed = true)),
    }
    new OutputChannel({ listener, port, clock: new ManualClock(), gauges })
    local.on('message', () => undefined)
    socket.end()
    await once(local, 'close')
    await turn()
    assert.deepEqual([isClosed, gauges.sockets], [true, 0])
  })

  it('stdout: what was said before the start was answered makes a connection the stream', async () => {
    const socket = new PassThrough({ autoDestroy: false })
    const port = channelOf(OutputChannel, socket)
    const received: unknown[] = []
    port.on('message', (message) => received.push(message))
    socket.write('abc')
    await once(port, 'message')
    socket.destroy()
    await once(port, 'close')
    assert.deepEqual(received, [new Uint8Array(Buffer.from('abc')), { closed: true }])
  })

  it('a large piece does not overtake small ones that wait', async () => {
    const socket = new PassThrough({ highWaterMark: 1024 * 1024 })
    const port = channelOf(OutputChannel, socket)
    const received: Buffer[] = []
    port.on('message', (message) => {
      if (message instanceof Uint8Array) received.push(Buffer.from(message))
    })
    const small = Array.from({ length: 40 }, (_, at) => Buffer.of(at))
    const large = Buffer.alloc(100 * 1024, 0xff)
    // What fills its buffer is handed on with it: nothing of it is left here.
    const all = Buffer.concat([...small, large])
    for (const piece of small) {
      socket.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.end(large)
    await once(port, 'close')
    assert(Buffer.concat(received).equals(all))
  })

  it('a piece of a larger buffer is copied: the rest of that buffer stays its owner’s', async () => {
    const socket = new PassThrough()
    const port = channelOf(OutputChannel, socket)
    const buffer = Buffer.from(new ArrayBuffer(100)).fill(7)
    const received = once(port, 'message')
    socket.write(buffer.subarray(0, 3))
    assert.deepEqual(await received, [new Uint8Array([7, 7, 7])])
    assert.equal(buffer.buffer.byteLength, 100)
    port.close()
  })

  it('small pieces that were put together go as soon as the reader has room', async () => {
    const socket = new PassThrough()
    const port = channelOf(OutputChannel, socket)
    let taken = 0
    const arrived = async (bytes: number): Promise<void> => {
      while (taken < bytes) taken += ((await once(port, 'message')) as [Uint8Array])[0].byteLength
    }
    // One message each, until there are too many.
    for (let n = 0; n < 32; n++) {
      socket.write('a')
      await new Promise((resolve) => setImmediate(resolve))
    }
    await arrived(32)
    for (let n = 0; n < 8; n++) socket.write('b')
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(taken, 32)
    port.postMessage({ credit: 32, messages: 32 })
    await arrived(40)
    port.close()
  })

  it('stdin goes on behind the guest’s own end of file, as long as the process runs', async () => {
    const [fromGuest, toGuest] = [new PassThrough(), new PassThrough()]
    const socket = Duplex.from({ readable: fromGuest, writable: toGuest })
    const port = channelOf(InputChannel, socket as PassThrough)
    fromGuest.end()
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    const granted = once(port, 'message')
    port.postMessage(new Uint8Array([1, 2]))
    assert.deepEqual(await granted, [{ credit: 2 }])
    assert.deepEqual(toGuest.read(), Buffer.of(1, 2))
    port.close()
  })
})
