// The guest's log stream as it comes: in pieces of any size, and never more of it held than an entry may have.

import assert from 'node:assert/strict'
import { LogStream } from '#dist/actors/gcs/connection/guest-log.js'

const KIB = 1024

describe('the log stream of a guest', () => {
  it('a letter that is split between two pieces is whole', () => {
    const bytes = Buffer.from('{"level":"info","msg":"grüße"}')
    for (let cut = 1; cut < bytes.length; cut++) {
      const log = new LogStream()
      const entries = [...log.push(bytes.subarray(0, cut)), ...log.push(bytes.subarray(cut))]
      assert.deepEqual(
        entries.map(({ message }) => message),
        ['grüße'],
      )
    }
  })

  it('an entry of 64 KiB is taken; a longer one is none, nor is what follows, and only so much of it is kept', () => {
    const entry = (length: number): Buffer => Buffer.from(`{"level":"info","msg":"${'x'.repeat(length)}"}`)
    const log = new LogStream()
    assert.equal(log.push(entry(63 * KIB)).length, 1)
    const long = entry(65 * KIB)
    assert.equal(log.push(long.subarray(0, -2)).length, 0)
    assert.deepEqual(log.push(Buffer.concat([long.subarray(-2), entry(1)])), [])
    const last = log.end()
    assert.match(last?.message ?? '', /^gcs terminated: \{"level":"info","msg":"xxx/)
    assert.equal(last?.message.length, 'gcs terminated: '.length + 64 * KIB)
  })

  it('of what follows something that is no entry nothing beyond the bound is kept, however much it is', () => {
    const log = new LogStream()
    const block = Buffer.alloc(64 * KIB * KIB, 'x')
    // More than a text can have.
    for (let count = 0; count < 9; count++) assert.deepEqual(log.push(block), [])
    assert.equal(log.end()?.message.length, 'gcs terminated: '.length + 64 * KIB)
  })
})
