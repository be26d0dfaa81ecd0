import { vmContract } from '../../contract/index.js'
import { DOUBLE, useDouble } from '../../support/double.js'

describe('computecore', () => {
  useDouble()
  vmContract(DOUBLE)
})
