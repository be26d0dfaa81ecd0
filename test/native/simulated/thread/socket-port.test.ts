// A byte stream over a message port, and the relay of a caller's stream.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import { MessageChannel } from 'node:worker_threads'
import { PortDuplex, relayStream } from '#dist/native/simulated/thread/socket-port.js'
import { pending } from '../../../support/expect.js'
import { tcpPair } from '../../../support/sockets.js'

function portPair(): [PortDuplex, PortDuplex] {
  const { port1, port2 } = new MessageChannel()
  return [new PortDuplex(port1), new PortDuplex(port2)]
}

async function read(stream: Duplex, size: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  while (length < size) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) await once(stream, 'readable')
    else {
      chunks.push(chunk)
      length += chunk.byteLength
    }
  }
  return Buffer.concat(chunks)
}

describe('stream over a port', () => {
  it('carries bytes both ways, and each end on its own', async () => {
    const [near, far] = portPair()
    near.write('to far')
    far.write('to near')
    assert.equal(String(await read(far, 6)), 'to far')
    assert.equal(String(await read(near, 7)), 'to near')
    near.end('the last')
    assert.equal(String(await read(far, 8)), 'the last')
    far.resume()
    await once(far, 'end')
    far.write('still open')
    assert.equal(String(await read(near, 10)), 'still open')
    far.destroy()
    await once(near, 'close')
  })

  it('holds back a writer whose reader is slow', async () => {
    const [near, far] = portPair()
    const chunk = Buffer.alloc(64 * 1024)
    let written = 0
    const more = (): void => {
      near.write(chunk, () => {
        written++
        if (written < 100) more()
      })
    }
    more()
    assert.equal(await pending(new Promise(() => undefined)), true)
    assert(written <= 2, `${written} chunks were taken by nobody`)
    assert.equal((await read(far, 100 * chunk.byteLength)).byteLength, 100 * chunk.byteLength)
    near.destroy()
    await once(far, 'close')
  })

  it('does not touch the bytes of its writer', async () => {
    const [near, far] = portPair()
    const bytes = Buffer.from('shared pool')
    near.write(bytes)
    await read(far, bytes.byteLength)
    assert.equal(String(bytes), 'shared pool')
    near.destroy()
    await once(far, 'close')
  })
})

describe('relay of a stream', () => {
  it('leaves the stream alone until it is claimed, then carries it, and leaves it open at the end', async () => {
    const { port1, port2 } = new MessageChannel()
    const [mine, peer] = await tcpPair()
    const listeners = (): number[] => ['error', 'close', 'data', 'end'].map((event) => mine.listenerCount(event))
    const before = listeners()
    relayStream(mine, port1)
    peer.write('early')
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(listeners(), before)
    const service = new PortDuplex(port2).claim()
    assert.equal(String(await read(service, 5)), 'early')
    service.write('answer')
    assert.equal(String(await read(peer, 6)), 'answer')
    service.destroy()
    await once(port1, 'close')
    assert.equal(mine.destroyed, false)
    assert.deepEqual(listeners(), before)
    mine.destroy()
    peer.destroy()
    await Promise.all([once(mine, 'close'), once(peer, 'close')])
  })

  it('delivers what was read before the stream closed', async () => {
    const { port1, port2 } = new MessageChannel()
    const [mine, peer] = await tcpPair()
    relayStream(mine, port1)
    const service = new PortDuplex(port2).claim()
    const last = Buffer.alloc(300_000, 7)
    peer.end(last)
    mine.end()
    assert.equal((await read(service, last.byteLength)).byteLength, last.byteLength)
    service.resume()
    await once(service, 'close')
  })

  it('ends the service’s stream when the caller’s fails or is gone already', async () => {
    for (const fail of [
      (stream: PassThrough) => stream.destroy(new Error('pulled')),
      (stream: PassThrough) => stream.destroy(),
    ]) {
      const { port1, port2 } = new MessageChannel()
      const stream = new PassThrough()
      relayStream(stream, port1)
      const service = new PortDuplex(port2).claim()
      service.write('x')
      await once(stream, 'readable')
      fail(stream)
      await once(service, 'close')
    }
    const { port1, port2 } = new MessageChannel()
    const gone = new PassThrough()
    gone.destroy()
    relayStream(gone, port1)
    await once(new PortDuplex(port2).claim(), 'close')
  })

  it('is given up by release, unless it was claimed', async () => {
    const first = new MessageChannel()
    relayStream(new PassThrough(), first.port1).release()
    await once(first.port2, 'close')
    const second = new MessageChannel()
    const stream = new PassThrough()
    const { release } = relayStream(stream, second.port1)
    const service = new PortDuplex(second.port2).claim()
    service.write('x')
    await once(stream, 'readable')
    release()
    assert.equal(await pending(once(service, 'close')), true)
    service.destroy()
  })
})
