// The files of sockets on which a thread listened that has died: gone with their VM, or at the latest with the Host.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Host } from '#dist/index.js'
import { ActorWorkers } from '../../support/actor-threads.js'
import { linux } from '../../support/documents.js'

describe('the sockets of a lost thread', () => {
  let directory = ''
  let workers: ActorWorkers
  let host: Host

  beforeEach(async () => {
    directory = await mkdtemp('/tmp/orp-')
    workers = await ActorWorkers.open(
      () => Host.open({ provider: 'simulated', transport: 'unix', threads: 1, socketDirectory: directory }),
      1,
    )
    host = workers.host
  })

  afterEach(async () => {
    workers.end()
    await host.close()
    await rm(directory, { recursive: true })
  })

  async function lose(): Promise<void> {
    const lost = new Promise((resolve) => host.once('thread-lost', resolve))
    await workers.kill(1)
    await lost
  }

  it('are removed when their VM is closed, and those of others stay', async () => {
    const vm = await host.createVM('a', linux())
    const guest = await host.createGuest(vm)
    const names = await readdir(directory)
    assert.deepEqual(names.map((name) => name.slice(vm.runtimeId.length)).sort(), [
      '.vsock_1',
      '.vsock_1073741824',
      '.vsock_109',
    ])
    // Somebody else's, who lives.
    const server = createServer().listen(join(directory, `${vm.runtimeId}.vsock_77`))
    await once(server, 'listening')
    await lose()
    await guest.close()
    await vm.close()
    assert.deepEqual(await readdir(directory), [`${vm.runtimeId}.vsock_77`])
    server.close()
    await once(server, 'close')
  })

  it('are removed before another thread listens', async () => {
    const vm = await host.createVM('c', linux())
    const guest = await host.createGuest(vm)
    const back = new Promise<void>((resolve) =>
      host.on('actor-restarted', (kind) => {
        if (kind === 'guest') resolve()
      }),
    )
    await lose()
    await back
    const names = (await readdir(directory)).map((name) => name.slice(vm.runtimeId.length))
    assert(!names.includes('.vsock_1'), names.join())
    await guest.close()
    await vm.close()
    assert.deepEqual(await readdir(directory), [])
  })

  it('are removed when the Host is closed with the VM in it', async () => {
    await host.createGuest(await host.createVM('b', linux()))
    await lose()
    await host.close()
    assert.deepEqual(await readdir(directory), [])
  })
})
