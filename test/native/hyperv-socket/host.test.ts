// A Host whose guests come in through the acceptor thread: AF_UNIX under the names that the built-in guests dial.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { checkHostOptions } from '#dist/actors/check-host-options.js'
import { Host, InvalidConfigError, ProviderUnavailableError, type HostOptions } from '#dist/index.js'
import { linux } from '../../support/documents.js'
import { rejectsWith } from '../../support/expect.js'
import { openSockets } from './rig.js'

const MODULE = new URL('./family-module.js', import.meta.url).href

describe('a Host over the acceptor thread', function () {
  let directory: string
  let opened: number | undefined

  before(function () {
    // Named pipes have no place in Winsock.
    if (process.platform === 'win32') this.skip()
  })
  beforeEach(async () => {
    opened = openSockets()
    directory = await mkdtemp(join('/tmp', 'uvm-t-'))
  })
  afterEach(async () => {
    assert.deepEqual(await readdir(directory), [])
    await rm(directory, { recursive: true })
    assert.equal(openSockets(), opened, 'sockets were left open')
  })

  const open = (options: HostOptions): Promise<Host> =>
    Host.openWith({
      ...checkHostOptions({ ...options, socketDirectory: directory }),
      transport: { library: 'libc', module: MODULE, options: { family: { unix: directory } } },
    })

  for (const isolation of ['pooled', 'dedicated'] as const) {
    it(`boots guests, runs processes in them and counts what is open, ${isolation}`, async () => {
      const host = await open({ threads: 2, isolation })
      try {
        const vms = await Promise.all([1, 2, 3].map((n) => host.createVM(`acceptor-${n}`, linux())))
        const guests = await Promise.all(vms.map((vm) => host.createGuest(vm)))
        await Promise.all(vms.map((vm) => vm.start()))
        await Promise.all(guests.map((guest) => guest.createConnection()))
        for (const [n, guest] of guests.entries()) {
          let said = ''
          const stdout = new Writable({ write: (chunk, _encoding, done) => ((said += String(chunk)), done()) })
          assert.equal(await guest.execInUVM({ args: ['sh', '-c', `echo guest ${n}`], stdout }), 0)
          assert.equal(said, `guest ${n}\n`)
        }
        const { threads, sockets } = await host.stats()
        assert.equal(threads.acceptor, 1)
        assert.ok(sockets >= 3, `${sockets} sockets`)
        for (const guest of guests) await guest.close()
        // Their logs are taken for as long as the VMs live.
        for (const vm of vms) await vm.close()
        // The acceptor thread says of a listener that it is gone when it is; one that stayed would hold this up for ever.
        while ((await host.stats()).sockets > 0) await new Promise((resolve) => setImmediate(resolve))
      } finally {
        await host.close()
      }
      const { threads, sockets } = await host.stats()
      assert.deepEqual([threads.acceptor, sockets], [0, 0])
    })
  }

  it('tells a guest that hangs up, and accepts the next', async () => {
    const host = await open({ threads: 1 })
    try {
      const vm = await host.createVM('acceptor-terminate', linux())
      const guest = await host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      const disconnected = once(guest as never, 'disconnected')
      await vm.terminate()
      await disconnected
      await vm.close()
      const again = await host.createVM('acceptor-terminate', linux())
      const second = await host.createGuest(again)
      await again.start()
      await second.createConnection()
      assert.equal(await second.execInUVM({ args: ['sh', '-c', 'exit 3'] }), 3)
    } finally {
      await host.close()
    }
  })

  it('counts no acceptor thread over Unix sockets', async () => {
    const host = await Host.open({ threads: 1 })
    assert.equal((await host.stats()).threads.acceptor, 0)
    await host.close()
  })
})

describe('transport: hyperv', () => {
  it('says what is missing where this host has no Hyper-V sockets', async () => {
    const service = new URL('../../fakes/provider.js', import.meta.url)
    const opening = Host.open({ transport: 'hyperv', provider: { module: service } })
    const error = await rejectsWith(opening, ProviderUnavailableError)
    assert.match(error.message, /host\.open: .*(need a Windows host|WSAEAFNOSUPPORT)/)
  })

  it('is one of three words', async () => {
    await rejectsWith(Host.open({ transport: 'vsock' as never }), InvalidConfigError, (error) =>
      assert.match(error.message, /transport: expected 'auto', 'hyperv' or 'unix', got "vsock"/),
    )
  })
})
