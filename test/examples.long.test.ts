// The examples that take long.

import assert from 'node:assert/strict'
import { runExample as run } from './support/example.js'

describe('examples', () => {
  it('simulation: a day with three crashes, on virtual time', async () => {
    const printed = await run('simulation')
    assert.match(printed, /^3 lives in 24 hours: UnexpectedExit, UnexpectedExit, UnexpectedExit\n/)
    assert.match(printed, /open at the end: 0 0 0 0 0\n$/)
  })
})
