// HCS-070: what the service table means for a guest that dials in.

import assert from 'node:assert/strict'
import type { UtilityVM } from '#dist/index.js'
import { linux, minimal } from '../support/documents.js'
import { pending, rejection } from '../support/expect.js'
import { useHost, type VmProvider } from '../support/host.js'

const BRIDGE = '40000000-facb-11e6-bd58-64006a7986d3'
const DESCRIPTOR = 'D:P(A;;FA;;;SY)(A;;FA;;;BA)'

export function socketsContract(provider: VmProvider): void {
  if (!provider.isSimulated || !provider.hasBuiltinGuest) return

  describe('the service table and a guest', () => {
    const test = useHost(provider)
    const descriptors = { BindSecurityDescriptor: DESCRIPTOR, ConnectSecurityDescriptor: DESCRIPTOR }

    const enabling: [string, (vm: UtilityVM) => Promise<void>][] = [
      ['updating its entry', (vm) => vm.updateHvSocketService(BRIDGE, descriptors)],
      ['removing its entry', (vm) => vm.removeHvSocketService(BRIDGE)],
    ]
    for (const [way, enable] of enabling) {
      it(`HCS-070 disabling a service cuts its connections; ${way} lets new ones in`, async () => {
        const vm = await test.create(linux())
        const guest = await test.host.createGuest(vm)
        try {
          await vm.start()
          await guest.createConnection()
          const cut = new Promise((resolve) => guest.once('disconnected', resolve))
          await vm.updateHvSocketService(BRIDGE.toUpperCase(), { ...descriptors, Disabled: true })
          await cut
          assert.equal(await guest.isConnected(), false)
          const connecting = guest.createConnection({ coldStart: false })
          assert.equal(await pending(connecting), true)
          await enable(vm)
          await connecting
          assert.equal(await guest.isConnected(), true)
        } finally {
          await guest.close()
        }
      })
    }

    it('a guest without sockets never connects', async () => {
      const vm = await test.create(minimal({ Devices: { Plan9: {} } }))
      const guest = await test.host.createGuest(vm)
      try {
        await vm.start()
        const error = await rejection<Error>(guest.createConnection({ timeoutMs: 250 }))
        assert.equal(error.name, 'OperationTimeoutError')
      } finally {
        await guest.close()
      }
    })
  })
}
