// What fails and is no error of ours comes out as one of ours.

import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { ActorLostError, Host, InvalidStateError, ProviderUnavailableError } from '#dist/index.js'
import { typedFailure } from '#dist/actors/typed-failure.js'
import { linux } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'

describe('an error that is not ours', () => {
  for (const [code, help] of [
    ['EADDRINUSE', 'close that first'],
    ['EMFILE', 'raise its limit'],
    ['ENOSPC', 'the disk is full'],
    ['EACCES', 'this user may not'],
  ] as const) {
    it(`${code} says what was tried, on what, why and what would help, and keeps its cause`, () => {
      const cause = Object.assign(new Error(`${code}: no`), { code })
      const error = typedFailure(cause, { op: 'vm.start', id: 'v' })
      assert.ok(error instanceof ProviderUnavailableError)
      assert.equal(error.cause, cause)
      assert.ok(error.message.startsWith(`vm.start "v": ${code}: no; `) && error.message.includes(help), error.message)
    })
  }

  it('a mistake of our own, and what is no error at all, is a lost actor', () => {
    for (const thrown of [new TypeError('x is not a function'), Object.create(null), undefined, 5]) {
      const error = typedFailure(thrown, { op: 'vm.start', id: 'v' })
      assert.ok(error instanceof ActorLostError)
      assert.equal(error.op, 'vm.start')
    }
  })

  it('one of ours stays as it is', () => {
    const own = new InvalidStateError({ state: 'closed', reason: 'it was closed' })
    assert.equal(typedFailure(own, { op: 'vm.start' }), own)
  })

  it('createGuest: a socket or a file in the way, each as its typed error, and nothing stays', async () => {
    const socketDirectory = await mkdtemp('/tmp/tf-')
    const host = await Host.open({ provider: 'simulated', threads: 1, socketDirectory })
    try {
      const vm = await host.createVM('vm', linux())
      const path = `${socketDirectory}/${vm.runtimeId}.vsock_1073741824`
      const server = createServer().listen(path)
      await once(server, 'listening')
      await rejectsWith(host.createGuest(vm), ProviderUnavailableError, (error) => {
        assert.deepEqual([error.op, error.id], ['host.createGuest', 'vm'])
        assert.match(error.message, /EADDRINUSE.*; somebody listens there; close that first$/)
      })
      server.close()
      await once(server, 'close')
      await writeFile(path, 'precious')
      await rejectsWith(host.createGuest(vm), ProviderUnavailableError, (error) =>
        assert.match(error.message, /exists and is no socket; what is in the way has to be removed first$/),
      )
      await rm(path)
      await (await host.createGuest(vm)).close()
      // The listener of its log stays for as long as the VM does.
      await vm.close()
      assert.equal((await host.stats()).sockets, 0)
    } finally {
      await host.close()
      await rm(socketDirectory, { recursive: true })
    }
  })
})
