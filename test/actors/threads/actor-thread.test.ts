// The inside of an actor thread, in this one: what its first task makes, and what becomes of it.

import assert from 'node:assert/strict'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import { openActorThread } from '#dist/actors/threads/actor-thread.js'
import type { ControllerRequests } from '#dist/actors/threads/contract.js'
import { SYSTEM } from '#dist/actors/threads/system.js'

describe('the inside of an actor thread', () => {
  it('closes its transport, then its provider, when it is stopped', async () => {
    const closed: string[] = []
    const modules: Record<string, () => unknown> = {
      provider: () => ({ close: async () => void closed.push('provider') }),
      transport: () => ({ close: async () => void closed.push('transport') }),
    }
    const run = openActorThread({ ...SYSTEM, load: async (name) => modules[name] })
    const { local, remote } = newChannel()
    const setup = {
      provider: { module: 'provider', options: undefined },
      transport: { module: 'transport', options: undefined },
      socketDirectory: '',
      operations: undefined,
      boots: undefined,
    }
    const over = run({ kind: 'controller', port: remote, setup })
    const controller = openMailbox<ControllerRequests, Record<string, never>>(local)
    await controller.call('ready', {}, { op: 'host.open' })
    assert.deepEqual(closed, [])
    await controller.stop()
    await over
    assert.deepEqual(closed, ['transport', 'provider'])
  })
})
