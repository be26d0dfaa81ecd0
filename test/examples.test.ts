// The examples run as they stand; examples.long.test.ts has those that take long.

import assert from 'node:assert/strict'
import { runExample as run } from './support/example.js'

describe('examples', () => {
  it('quickstart: a disk that was hot-added is mounted inside', async () => {
    const printed = await run('quickstart')
    assert.match(printed, /on \/run\/data type/)
    assert.match(printed, /exit code 0\n/)
    assert.match(printed, /ForcedExit\n$/)
  })

  it('containers: init, a command beside it, and the exit', async () => {
    const printed = await run('containers')
    assert.match(printed, /^web\noverlay on \/ type overlay/)
    assert.match(printed, /the command exited with 0\n/)
    assert.match(printed, /web has exited\n/)
    assert.match(printed, /init exited with 0\n/)
  })
})
