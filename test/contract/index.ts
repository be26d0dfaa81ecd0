// The contract of the VM layer: runs unchanged against every provider.

import type { VmProvider } from '../support/host.js'
import { createContract } from './create.js'
import { devicesContract } from './devices.js'
import { documentsContract } from './documents.js'
import { failuresContract } from './failures.js'
import { lifecycleContract } from './lifecycle.js'
import { modifyContract } from './modify.js'
import { seamContract } from './seam.js'
import { socketsContract } from './sockets.js'
import { stateContract } from './state.js'

export function vmContract(provider: VmProvider): void {
  describe(`VM contract: ${provider.name}`, () => {
    createContract(provider)
    stateContract(provider)
    lifecycleContract(provider)
    modifyContract(provider)
    devicesContract(provider)
    documentsContract(provider)
    failuresContract(provider)
    seamContract(provider)
    socketsContract(provider)
  })
}
