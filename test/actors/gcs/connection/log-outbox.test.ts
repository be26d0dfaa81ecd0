// Log entries on their way to the main thread: bounded, one batch at a time.

import assert from 'node:assert/strict'
import { LogOutbox, type LogBatch } from '#dist/actors/gcs/connection/log-outbox.js'

const entry = (message: string): LogBatch['entries'][number] => ({ level: 'info', message, fields: {} })

describe('a guest that floods its log', () => {
  it('has one batch on its way; the oldest is dropped, and counted', () => {
    const sent: LogBatch[] = []
    const outbox = new LogOutbox((batch) => sent.push(batch))
    for (let count = 0; count <= 10_000; count++) outbox.push(entry(`${count}`))
    assert.deepEqual(sent, [{ entries: [entry('0')], dropped: 0 }])
    outbox.taken()
    assert.equal(sent.length, 2)
    assert.equal(sent[1]!.dropped, 10_000 - 4096)
    assert.equal(sent[1]!.entries[0]!.message, `${10_000 - 4096 + 1}`)
    assert.equal(sent[1]!.entries.length, 256)
    for (let count = 0; count < 100; count++) outbox.taken()
    const all = sent.flatMap(({ entries }) => entries)
    assert.equal(all.length, 4097)
    assert.equal(all.at(-1)!.message, '10000')
    assert.equal(sent.reduce((sum, { dropped }) => sum + dropped, 0) + all.length, 10_001)
  })

  it('holds at most 4 MiB of text, and the newest entry in any case', () => {
    const sent: LogBatch[] = []
    const outbox = new LogOutbox((batch) => sent.push(batch))
    outbox.push(entry('first'))
    for (let count = 0; count < 100; count++) outbox.push(entry('x'.repeat(64 * 1024)))
    outbox.taken()
    assert(sent[1]!.entries.length < 64 && sent[1]!.entries.length > 60, `${sent[1]!.entries.length}`)
    assert.equal(sent[1]!.dropped + sent[1]!.entries.length, 100)
  })

  it('what was taken no longer counts: a long log that is read loses nothing', () => {
    const sent: LogBatch[] = []
    const outbox = new LogOutbox((batch) => sent.push(batch))
    for (let count = 0; count < 200; count++) {
      outbox.push(entry('x'.repeat(64 * 1024)))
      outbox.push(entry('y'.repeat(64 * 1024)))
      outbox.push(entry('z'.repeat(64 * 1024)))
      outbox.taken()
      outbox.taken()
      outbox.taken()
    }
    assert.equal(
      sent.reduce((sum, { dropped }) => sum + dropped, 0),
      0,
    )
    assert.equal(sent.flatMap(({ entries }) => entries).length, 600)
  })
})
