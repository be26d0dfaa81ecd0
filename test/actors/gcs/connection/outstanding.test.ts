// Requests without an answer when their transport is lost: which fail, which stay, and what is forgotten.

import assert from 'node:assert/strict'
import { BridgeClosedError } from '#dist/index.js'
import type { CallBounds } from '#dist/actors/gcs/connection/bridge-contract.js'
import { Outstanding, OutstandingCalls } from '#dist/actors/gcs/connection/outstanding.js'

const LOST = new BridgeClosedError({ reason: 'lost' })

function outstanding(...bounds: CallBounds[]): OutstandingCalls {
  const calls = new OutstandingCalls()
  for (const [at, one] of bounds.entries()) calls.add(new Outstanding(BigInt(at), 'Start', 1000, one, 65_536))
  return calls
}

const failed = (calls: OutstandingCalls, isMigrating: boolean): bigint[] =>
  calls.cut(LOST, isMigrating).map((effect) => ('id' in effect ? effect.id : -1n))

describe('a lost transport', () => {
  it('fails what was asked, not the waits that outlive it; their answers are still expected', () => {
    const calls = outstanding({}, { outlives: true })
    assert.deepEqual(failed(calls, false), [0n])
    assert.deepEqual([...calls.keys()], [0n, 1n])
    assert.deepEqual(failed(calls, false), [])
  })

  it('fails nothing but the handshake while the VM migrates, and the guest forgets that', () => {
    const calls = outstanding({}, { handshake: true }, { outlives: true })
    assert.deepEqual(failed(calls, true), [1n])
    assert.deepEqual([...calls.keys()], [0n, 2n])
  })

  it('again and again costs a bounded memory: the oldest that nobody waits for are forgotten', () => {
    const calls = new OutstandingCalls()
    for (let id = 0n; id < 5000n; id++) calls.add(new Outstanding(id, 'Start', Infinity, {}, 65_536))
    assert.equal(failed(calls, false).length, 5000)
    assert.equal(calls.size, 4096)
    assert.equal(calls.get(0n), undefined)
    assert.equal(calls.get(4999n)?.abandoned, true)
  })
})
