// What a connection holds of an earlier one, until somebody claims it: each once, and no more than is owed.

import assert from 'node:assert/strict'
import { ProtocolError } from '#dist/index.js'
import { HeldFrames, newestStrays } from '#dist/actors/gcs/connection/restore.js'

const frame = (id: bigint, bytes = 100): { type: number; id: bigint; payload: Uint8Array } => ({
  type: 0x2010_0601,
  id,
  payload: new Uint8Array(bytes),
})
const notice = (containerId: string): never => ({ containerId }) as never

describe('what is held during a restore', () => {
  it('is each answer and each exit once: a second one breaks the protocol', () => {
    const held = new HeldFrames()
    held.keepAnswer(frame(1n))
    held.keepNotice(notice('c'), 100)
    assert.throws(() => held.keepAnswer(frame(1n)), /answered the request 1 twice/)
    assert.throws(() => held.keepNotice(notice('c'), 100), /notified of the container "c" twice/)
    assert.deepEqual(held.unclaimed, { ids: [1n], containers: ['c'] })
  })

  it('is bounded in bytes; what was claimed no longer counts', () => {
    const held = new HeldFrames()
    held.keepAnswer(frame(1n, 1024 * 1024))
    assert.equal(held.takeAnswer(1n)?.id, 1n)
    assert.equal(held.takeAnswer(1n), undefined)
    held.keepAnswer(frame(2n, 1024 * 1024))
    assert.throws(() => held.keepAnswer(frame(3n, 1)), ProtocolError)
  })

  it('is bounded in frames, answers and exits together', () => {
    const held = new HeldFrames()
    let kept = 0
    assert.throws(() => {
      for (; kept < 10_000; kept++) {
        if (kept % 2 === 0) held.keepAnswer(frame(BigInt(kept), 1))
        else held.keepNotice(notice(`${kept}`), 1)
      }
    }, ProtocolError)
    assert.equal(kept, 4096)
  })

  it('of strays the newest are remembered', () => {
    const kept = newestStrays(
      Array.from({ length: 4096 }, (_, at) => at),
      [5000],
    )
    assert.equal(kept.size, 4096)
    assert(!kept.has(0) && kept.has(5000))
  })
})
