import { vmContract } from '../../contract/index.js'
import { describeDouble, DOUBLE } from '../../support/double.js'

describeDouble('computecore', () => vmContract(DOUBLE))
