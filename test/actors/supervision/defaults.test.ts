// How long a call without a time of its own may stay unanswered when its thread does not answer either.

import assert from 'node:assert/strict'
import { defaultTimeout } from '#dist/actors/supervision/defaults.js'
import { DEFAULT_TIMEOUT_MS } from '#dist/actors/default-timeout.js'

describe('the default time of a call on a thread that does not answer', () => {
  it('is that of the service for a VM, and that of its requests for a guest', () => {
    for (const op of ['vm.start', 'vm.pause', 'host.listVMs']) assert.equal(defaultTimeout(op), DEFAULT_TIMEOUT_MS, op)
    for (const op of ['guest.exec', 'container.start', 'process.kill']) assert.equal(defaultTimeout(op), 300_000, op)
    assert.notEqual(DEFAULT_TIMEOUT_MS, 300_000)
  })

  it('is none where something is waited for that nobody can hurry', () => {
    for (const op of ['vm.wait', 'process.wait', 'container.wait', 'guest.close', 'vm.finalizeLiveMigration'])
      assert.equal(defaultTimeout(op), undefined, op)
  })
})
