// Hyper-V sockets' code path over the families that this machine has: Linux' libc, or Winsock.

import assert from 'node:assert/strict'
import { transportContract } from '../../contract/transport.js'
import { FAMILIES, LOOPBACK_FAMILY, openRig, openSockets } from './rig.js'

for (const family of FAMILIES) {
  transportContract({
    name: `Hyper-V sockets over ${family.name}`,
    silentBacklog: family === LOOPBACK_FAMILY,
    open: async () => {
      const before = openSockets()
      const { transport, close } = await openRig(family)
      return {
        transport,
        close: async () => {
          await close()
          assert.equal(openSockets(), before, 'sockets were left open')
        },
      }
    },
  })
}
