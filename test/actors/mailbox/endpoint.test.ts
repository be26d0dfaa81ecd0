// The actor's end of a mailbox: what has been said before it closes goes out.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import { ActorEndpoint } from '#dist/actors/mailbox/endpoint.js'
import { ManualClock } from '../../fakes/clock.js'

describe('the actor’s end of a mailbox', () => {
  it('sends what waits for the end of the turn before it closes, and nothing behind that', async () => {
    const { local, remote } = newChannel()
    const heard: unknown[] = []
    local.on('message', (message) => heard.push(message))
    const endpoint = new ActorEndpoint(remote, new ManualClock(), {
      onCalls: () => undefined,
      onStranger: () => undefined,
      onClose: () => undefined,
    })
    const closed = once(local, 'close')
    endpoint.answer(1, 'last')
    endpoint.close()
    endpoint.answer(2, 'too late')
    await closed
    assert.deepEqual(heard, [[1, 'last']])
  })
})
