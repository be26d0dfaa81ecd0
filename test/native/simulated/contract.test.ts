import { vmContract } from '../../contract/index.js'
import { SIMULATED } from '../../support/host.js'

vmContract(SIMULATED)
