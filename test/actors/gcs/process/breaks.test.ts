// What ends at a break of the connection although its process goes on.

import assert from 'node:assert/strict'
import { BridgeClosedError } from '#dist/index.js'
import { Breaks } from '#dist/actors/gcs/process/breaks.js'
import { rejectsWith } from '../../../support/expect.js'

const SUBJECT = { op: 'guest.execInUVM', id: 'vm' }
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))

describe('a break of the connection', () => {
  it('ends every command that runs, and none that comes later', async () => {
    const breaks = new Breaks()
    const running = rejectsWith(breaks.guard(SUBJECT, undefined, untilAborted), BridgeClosedError)
    breaks.cut(new Error('reset'))
    const { op, id, message } = await running
    assert.deepEqual([op, id], [SUBJECT.op, SUBJECT.id])
    assert.match(message, /the connection was lost, and its output is cut/)
    assert.equal(await breaks.guard(SUBJECT, undefined, async ({ aborted }) => aborted), false)
  })
})
