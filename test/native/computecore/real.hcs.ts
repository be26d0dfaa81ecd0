// npm run test:hcs: the contract of the VM layer against the compute service of Windows itself. Needs Hyper-V and its rights.

import { Host } from '#dist/index.js'
import { vmContract } from '../../contract/index.js'
import type { VmProvider } from '../../support/host.js'

const REAL: VmProvider = {
  name: 'computecore.dll',
  assumptionsHold: false,
  isSimulated: false,
  hasBuiltinGuest: false,
  open: (_simulated, more = {}) => Host.open({ provider: 'computecore', threads: 2, ...more }),
}

vmContract(REAL)
