// What random calls and faults find: each mistake that was once made, or could be.

import assert from 'node:assert/strict'
import { simulate } from './simulate.js'
import { VARIANTS } from './variants/variants.js'

describe('random calls and faults', () => {
  describe('a broken variant is found', () => {
    for (const { name } of VARIANTS) {
      it(name, async () => {
        const { code, text } = await simulate(['--first', '--seeds', '100', '--steps', '100'], name)
        assert.equal(code, 1, `nothing was found\n${text}`)
        assert.match(text, /^(\d+ of .*\n)*seed \d+: /, text)
      })
    }
  })
})
