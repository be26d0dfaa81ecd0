// Replacements of a lost thread that die while they start: whoever asks for a VM meanwhile waits within his own time and signal, and is
// served when one comes up.

import assert from 'node:assert/strict'
import { AbortError, ActorLostError, Host, OperationTimeoutError } from '#dist/index.js'
import { COUNT } from '../../fakes/unruly-provider.js'
import { minimal } from '../../support/documents.js'
import { rejectsWith } from '../../support/expect.js'

const MODULE = new URL('../../fakes/unruly-provider.js', import.meta.url)

/** A Host with one thread, whose first replacements die while they start. */
async function open(deaths: number): Promise<{ host: Host; loads: () => number; kill: () => Promise<void> }> {
  const counters = new SharedArrayBuffer(16)
  const options = { counters, diesAtLoads: [2, deaths] as const }
  const host = await Host.open({ provider: { module: MODULE, options }, threads: 1, transport: 'unix' })
  return {
    host,
    loads: () => Atomics.load(new Int32Array(counters), COUNT.loads),
    kill: async () => {
      const vm = await host.createVM('first', minimal())
      const lost = new Promise<void>((resolve) => host.once('thread-lost', () => resolve()))
      await rejectsWith(vm.modify({ ResourcePath: 'exit' }), ActorLostError)
      await lost
    },
  }
}

describe('Replacements that die while they start', () => {
  it('creating, opening and listing end with their own time or signal, and are served by the one that lives', async () => {
    const { host, loads, kill } = await open(3)
    try {
      await kill()
      const abort = new AbortController()
      const given = { timeoutMs: 1 }
      const early = [
        rejectsWith(host.createVM('a', minimal(), given), OperationTimeoutError),
        rejectsWith(host.openVM('a', given), OperationTimeoutError),
        rejectsWith(host.listVMs({}, given), OperationTimeoutError),
        rejectsWith(host.createVM('b', minimal(), { signal: abort.signal }), AbortError),
        rejectsWith(host.openVM('b', { signal: abort.signal }), AbortError),
        rejectsWith(host.listVMs({}, { signal: abort.signal }), AbortError),
      ]
      abort.abort()
      const errors = await Promise.all(early)
      for (const error of errors.slice(0, 3)) {
        assert.equal((error as OperationTimeoutError).sent, false, error.message)
        assert.match(error.message, /it waited for an actor thread\); nothing was sent/)
      }
      const [vm, other, list] = await Promise.all([host.createVM('c', minimal()), host.openVM('d'), host.listVMs({})])
      assert.equal(loads(), 5)
      assert.equal(list.length, 1)
      await Promise.all([vm.close(), other.close()])
    } finally {
      await host.close()
    }
  })
})
