// The main thread's end of a stdio port, against a bare one.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { StdioReadable, StdioWritable } from '#dist/actors/gcs/process/stdio-streams.js'

describe('the main thread’s end of a stream', () => {
  it('stdin that has finished is not cut: what was written still goes', async () => {
    const { port1, port2 } = new MessageChannel()
    const told: unknown[] = []
    port2.on('message', (message) => told.push(message))
    const stdin = new StdioWritable(port1, { op: 'process.stdin', id: 'vm' })
    stdin.end('abc')
    await once(stdin, 'finish')
    const closed = once(port2, 'close')
    stdin.destroy()
    await closed
    assert.deepEqual(told, [new Uint8Array(Buffer.from('abc')), { end: true }])
  })

  it('stdin that is given up before its end is cut', async () => {
    const { port1, port2 } = new MessageChannel()
    const told: unknown[] = []
    port2.on('message', (message) => told.push(message))
    const closed = once(port2, 'close')
    new StdioWritable(port1, { op: 'process.stdin', id: 'vm' }).destroy()
    await closed
    assert.deepEqual(told, [{ closed: true }])
  })

  it('stdout takes no more than fits while nobody reads: the rest gets no credit', async () => {
    const { port1, port2 } = new MessageChannel()
    const credits: number[] = []
    port2.on('message', (message: { credit?: number }) => {
      if (message.credit !== undefined) credits.push(message.credit)
    })
    const stdout = new StdioReadable(port1, { op: 'process.stdout', id: 'vm' })
    stdout.read(0)
    const piece = 32 * 1024
    for (let n = 0; n < 16; n++) port2.postMessage(new Uint8Array(piece))
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([credits, stdout.readableLength], [[], piece])
    stdout.destroy()
    port2.close()
  })
})
