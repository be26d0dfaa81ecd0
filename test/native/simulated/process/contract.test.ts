import { vmContract } from '../../../contract/index.js'
import { SERVICE_PROCESS } from '../../../support/service-process.js'

vmContract(SERVICE_PROCESS)
