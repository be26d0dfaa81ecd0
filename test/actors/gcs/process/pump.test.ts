// Bytes from one stream into another, one of which is the caller's.

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { pump } from '#dist/actors/gcs/process/pump.js'

describe('a pump', () => {
  it('leaves no listener of its own on either stream, and ends neither', async () => {
    const [source, sink] = [new PassThrough(), new PassThrough()]
    const count = (): number[] =>
      [source, sink].map((stream) => stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0))
    const before = count()
    const { stop } = pump(source, sink)
    source.write('a')
    await new Promise((resolve) => setImmediate(resolve))
    assert.notDeepEqual(count(), before)
    stop()
    assert.deepEqual(count(), before)
    assert.deepEqual(
      [source.destroyed, sink.destroyed, sink.writableEnded, String(sink.read())],
      [false, false, false, 'a'],
    )
  })
})
