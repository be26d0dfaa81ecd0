// mocha with-mocha.js
import { cases } from './cases.js'

describe('deploy', () => {
  for (const [title, run] of Object.entries(cases)) it(title, run)
})
