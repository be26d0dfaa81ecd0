// Which handle a Guest belongs to, what it is listened for on, and what a Host says when it cannot know.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { InvalidConfigError, OperationTimeoutError, Host, type ComputeSystem } from '#dist/index.js'
import { linux, minimal } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'
import { assertNothingOpen, SIMULATED, useHost } from '../support/host.js'

const UNRULY = new URL('../fakes/unruly-provider.js', import.meta.url)

describe('the Guest of a Host', () => {
  describe('whose it is', () => {
    const test = useHost()

    it('a stats collector that opens the VM, reads and closes leaves the running exec alone', async () => {
      const vm = await test.create(linux('quiet'))
      const guest = await test.host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      const cat = await guest.createProcess({ CommandArgs: ['cat'], CreateStdInPipe: true, CreateStdOutPipe: true })
      let disconnects = 0
      guest.on('disconnected', () => disconnects++)
      for (let round = 0; round < 3; round++) {
        const reader = await test.host.openVM(vm.id)
        await reader.propertiesV2(['Memory'])
        await reader.close()
      }
      cat.stdin?.end('still here')
      assert.equal((await cat.stdout?.toArray())?.join(''), 'still here')
      assert.deepEqual(await cat.wait(), { exitCode: 0, known: true })
      assert.equal(disconnects, 0)
      assert.equal(await guest.isConnected(), true)
      await cat.close()
    })

    it('closing the handle that it was made through ends it, also with another handle open', async () => {
      const vm = await test.create(linux('quiet'))
      const reader = test.keep(await test.host.openVM(vm.id, { guestOS: 'linux' }))
      const guest = await test.host.createGuest(reader)
      await vm.start()
      await guest.createConnection()
      await reader.close()
      assert.equal(await guest.isConnected(), false)
      const next = await test.host.createGuest(vm)
      await next.createConnection()
      assert.equal(await next.isConnected(), true)
    })
  })

  describe('of a VM whose system nobody tells', () => {
    it('openVM works, createGuest is refused and says what to do', async () => {
      const host = await Host.open({ threads: 1, provider: { module: UNRULY } })
      try {
        const vm = await host.openVM('vm')
        const error = await rejectsWith(host.createGuest(vm), InvalidConfigError)
        assert.equal(error.path, 'guestOS')
        assert.match(error.message, /openVM.*guestOS/)
        await vm.propertiesV2([])
        const told = await host.openVM('vm', { guestOS: 'linux' })
        const guest = await host.createGuest(told)
        assert.equal(guest.guestOS, 'linux')
        await Promise.all([told.close(), vm.close()])
        await assertNothingOpen(host)
      } finally {
        await host.close()
      }
    })
  })

  describe('that does not come', () => {
    const test = useHost(SIMULATED, { guest: 'none' })

    it('says that the VM was never started, when it was not', async () => {
      const vm = await test.create(linux('quiet'))
      const guest = await test.host.createGuest(vm)
      const error = await rejectsWith(guest.createConnection({ timeoutMs: 20 }), OperationTimeoutError)
      assert.match(error.message, /the VM was never started: call its start\(\)/)
      await vm.start()
      const later = await rejectsWith(guest.createConnection({ timeoutMs: 20 }), OperationTimeoutError)
      assert.doesNotMatch(later.message, /never started/)
    })

    it('of a VM that somebody else made, nobody knows', async () => {
      const vm = await test.create(linux('quiet'))
      const other = await Host.open({ provider: { module: UNRULY }, threads: 1 })
      try {
        const opened = await other.openVM(vm.id, { guestOS: 'linux' })
        const guest = await other.createGuest(opened)
        const error = await rejectsWith(guest.createConnection({ timeoutMs: 20 }), OperationTimeoutError)
        assert.doesNotMatch(error.message, /never started/)
      } finally {
        await other.close()
      }
    })
  })

  describe('where it is listened for', () => {
    async function listened(document: ComputeSystem): Promise<string[]> {
      const socketDirectory = await mkdtemp('/tmp/gd-')
      const host = await Host.open({ provider: 'simulated', threads: 1, socketDirectory })
      try {
        const vm = await host.createVM('vm', document)
        const guest = await host.createGuest(vm)
        const names = (await readdir(socketDirectory)).map((name) => name.replace(`${vm.runtimeId}.`, '')).sort()
        await vm.start()
        await guest.createConnection({ timeoutMs: 20_000 })
        return names
      } finally {
        await host.close()
        await rm(socketDirectory, { recursive: true })
      }
    }

    it('a confidential Windows guest comes through its sidecar', async () => {
      const document = minimal({
        SecuritySettings: { Isolation: { IsolationType: 'SecureNestedPaging' } },
        Devices: { HvSocket: {} },
      } as never)
      const names = await listened(document)
      assert.deepEqual(names, ['hvsock_ae8da506-a019-4553-a52b-902bc0fa0411'])
    })

    it('a Linux guest booted by firmware finds its entropy', async () => {
      const OptionalData = 'quiet -- -e 1 /bin/gcs'
      const BootThis = { DeviceType: 'VmbFs', DevicePath: '\\kernel', VmbFsRootPath: 'C:\\lcow', OptionalData }
      const names = await listened(
        minimal({ Chipset: { Uefi: { BootThis } }, Devices: { Plan9: {}, HvSocket: {} } } as never),
      )
      assert.deepEqual(names, ['vsock_1', 'vsock_1073741824'])
    })
  })
})
