// A Host that is closed while VMs boot: every caller hears that it was closed, and of nothing else.

import assert from 'node:assert/strict'
import { GuestConnectionUnavailableError, Host, InvalidStateError, type UVMError } from '#dist/index.js'
import { linux } from '../support/documents.js'

const VMS = 12

describe('A Host that is closed while VMs boot', () => {
  for (const [boots, when] of [
    [2, 'created'],
    [Infinity, 'started'],
  ] as const) {
    it(`tells every caller that it was closed: ${boots} boots at once, after the first was ${when}`, async () => {
      const host = await Host.open({ provider: 'simulated', threads: 2, limits: { boots } })
      const told: unknown[] = []
      for (const name of ['actor-given-up', 'thread-lost', 'close-forced'] as const)
        host.on(name, (...args) => told.push(args))
      let reach = (): void => undefined
      const reached = new Promise<void>((resolve) => (reach = resolve))
      const boot = async (id: string): Promise<void> => {
        const vm = await host.createVM(id, linux('quiet -- /bin/gcs'))
        if (when === 'created') reach()
        const guest = await host.createGuest(vm)
        await Promise.all([vm.start().then(reach), guest.createConnection()])
      }
      const all = Promise.allSettled(Array.from({ length: VMS }, (_, n) => boot(`vm-${n}`)))
      await reached
      await host.close()
      for (const one of await all) {
        if (one.status === 'fulfilled') continue
        const error = one.reason as UVMError
        const isClosed = error instanceof InvalidStateError && error.state === 'closed'
        assert(isClosed || error instanceof GuestConnectionUnavailableError, String(error))
      }
      assert.deepEqual(told, [])
    })
  }
})
