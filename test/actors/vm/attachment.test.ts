// What counts as a VM's handle, and what its properties must say.

import assert from 'node:assert/strict'
import { HcsError } from '#dist/index.js'
import { assertSystem, readAttached } from '#dist/actors/vm/attachment.js'
import { HRESULT } from '#dist/protocol/hresult.js'

const SUBJECT = { op: 'host.openVM', id: 'vm' }

function isUnusable(error: unknown): boolean {
  assert(error instanceof HcsError)
  assert.deepEqual([error.op, error.id, error.hresult], ['host.openVM', 'vm', HRESULT.E_UNEXPECTED])
  return true
}

describe('what a provider gives for a VM', () => {
  it('is taken when it can be asked, ended and given back', () => {
    const method = (): undefined => undefined
    const system = { properties: method, terminate: method, close: method }
    assert.equal(assertSystem(SUBJECT, system), system)
    for (const other of [undefined, null, 7, 'vm', {}, { ...system, close: undefined }, { ...system, properties: {} }])
      assert.throws(() => assertSystem(SUBJECT, other), isUnusable)
  })

  it('has a runtime id, in lower case and without braces', () => {
    const read = (RuntimeId: unknown): string => readAttached(JSON.stringify({ RuntimeId }), SUBJECT).runtimeId
    assert.equal(read('{0E6B1F5A-3C2D-4E8F-9A0B-1C2D3E4F5A6B}'), '0e6b1f5a-3c2d-4e8f-9a0b-1c2d3e4f5a6b')
    assert.equal(read('Of-Another-Kind'), 'of-another-kind')
    for (const none of [undefined, '', 7, null]) assert.throws(() => read(none), isUnusable)
  })
})
