// A container's init is started once: whatever became of a start that nobody knows, it counts.

import assert from 'node:assert/strict'
import { GuestRPCError, InvalidStateError, OperationTimeoutError } from '#dist/index.js'
import { StartedInits } from '#dist/actors/gcs/container/started-inits.js'
import { rejectsWith } from '../../../support/expect.js'

const SUBJECT = { op: 'container.createProcess', id: 'vm:c' }

describe('the init of a container', () => {
  for (const [what, error, isLeft] of [
    ['refused by the guest', new GuestRPCError({ result: 0x8007_0057 }), true],
    ['given up before it was sent', new OperationTimeoutError({ timeoutMs: 1, sent: false }), true],
    ['given up after it was sent', new OperationTimeoutError({ timeoutMs: 1, sent: true }), false],
  ] as const) {
    it(`${what} can ${isLeft ? '' : 'not '}be started again`, async () => {
      const inits = new StartedInits()
      await rejectsWith(
        inits.start('c', SUBJECT, () => Promise.reject(error)),
        error.constructor as never,
      )
      const again = inits.start('c', SUBJECT, () => Promise.resolve('started'))
      if (isLeft) assert.equal(await again, 'started')
      else assert.equal((await rejectsWith(again, InvalidStateError)).state, 'init-started')
      inits.forget('c')
      assert.equal(await inits.start('c', SUBJECT, () => Promise.resolve('anew')), 'anew')
    })
  }
})
