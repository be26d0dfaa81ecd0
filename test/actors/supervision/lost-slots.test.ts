// What a thread held of the Host's slots when it died is there for others again.

import assert from 'node:assert/strict'
import { ActorLostError, Host, OperationTimeoutError } from '#dist/index.js'
import { minimal } from '../../support/documents.js'
import { rejectsWith } from '../../support/expect.js'

const MODULE = new URL('../../fakes/unruly-provider.js', import.meta.url)

describe('the only operation slot of a Host', () => {
  it('is free again when the thread that held it has died', async () => {
    const limits = { operations: 1 }
    const host = await Host.open({ provider: { module: MODULE }, threads: 1, transport: 'unix', limits })
    try {
      const vm = await host.createVM('a', minimal())
      const lost = new Promise<void>((resolve) => host.on('thread-lost', () => resolve()))
      await rejectsWith(vm.modify({ ResourcePath: 'exit' }), ActorLostError)
      await lost
      const next = await host.createVM('b', minimal(), { timeoutMs: 20_000 })
      await next.start({ timeoutMs: 20_000 })
      assert.equal((await host.stats()).operations, 0)
    } finally {
      await host.close()
    }
  })
})

describe('the only boot slot of a Host', () => {
  it('is free again when the thread that held it has died before the guest was there', async () => {
    const limits = { boots: 1 }
    const host = await Host.open({ provider: { module: MODULE }, threads: 1, transport: 'unix', limits })
    try {
      const vm = await host.createVM('a', minimal())
      // Its slot is kept until this guest is connected, which it never is.
      await host.createGuest(vm)
      await vm.start()
      const other = await host.createVM('b', minimal())
      await rejectsWith(other.start({ timeoutMs: 50 }), OperationTimeoutError)
      const lost = new Promise<void>((resolve) => host.on('thread-lost', () => resolve()))
      await rejectsWith(vm.modify({ ResourcePath: 'exit' }), ActorLostError)
      await lost
      const next = await host.createVM('c', minimal(), { timeoutMs: 20_000 })
      await next.start({ timeoutMs: 20_000 })
    } finally {
      await host.close()
    }
  })
})
