// Ends of file of Unix sockets whose carrier keeps them apart from its own end.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { socketPath, UnixSocketTransport } from '#dist/native/unix-socket/transport.js'
import { vsockServiceId } from '#dist/protocol/hvsocket.js'

const ADDRESS = { runtimeId: '8636363d-c5f9-49aa-b507-3b83f98c0d14', serviceId: vsockServiceId(5) }

const suite = process.platform === 'win32' ? describe.skip : describe

suite('an end of file whose carrier closes after the host', () => {
  let directory: string
  let transport: UnixSocketTransport
  let path: string
  beforeEach(async () => {
    directory = await mkdtemp('/tmp/ends-')
    transport = new UnixSocketTransport(directory, { keepsEnds: true })
    path = socketPath(directory, ADDRESS)
  })
  afterEach(async () => {
    await transport.close()
    await rm(directory, { recursive: true })
  })

  /** The host's end of what `dial` connects, after its end of file. */
  async function ended(dial: () => void): Promise<Duplex> {
    const listener = await transport.listen(ADDRESS)
    dial()
    const stream = await listener.accept()
    await listener.close()
    let text = ''
    stream.on('data', (chunk) => (text += String(chunk)))
    stream.resume()
    await once(stream, 'end')
    assert.equal(text, 'some')
    return stream
  }
  const closed = async (stream: Duplex): Promise<void> => {
    if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()))
  }

  it('is whole where the other end is open, and nothing is written to tell', async () => {
    let dialled: Socket | undefined
    let received = 0
    const stream = await ended(() => {
      dialled = connect({ path, allowHalfOpen: true })
      dialled.on('data', (bytes) => (received += bytes.byteLength)).end('some')
    })
    assert.equal(await transport.endedWhole?.(stream), true)
    stream.destroy()
    await closed(dialled ?? assert.fail())
    assert.equal(received, 0)
  })

  it('is none where the other end has closed, and the stream breaks', async () => {
    const stream = await ended(() => {
      const dialled = connect({ path, allowHalfOpen: true })
      dialled.write('some', () => dialled.destroy())
    })
    assert.equal(await transport.endedWhole?.(stream), false)
    await closed(stream)
    assert.equal(await transport.endedWhole?.(stream), false)
  })

  it('is none where a process that carried it was killed', async () => {
    const script = `const s = require('node:net').connect(process.argv[1], () => s.write('some', () => process.kill(process.pid, 'SIGKILL')))`
    const stream = await ended(() => void spawn(process.execPath, ['-e', script, path], { stdio: 'ignore' }))
    assert.equal(await transport.endedWhole?.(stream), false)
    await closed(stream)
  })

  it('is not asked about where a guest may simply close', () => {
    assert.equal(new UnixSocketTransport(directory).endedWhole, undefined)
  })
})
