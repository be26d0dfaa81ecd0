// How the main thread asks for a process: what becomes of its streams when it gets none.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { MessagePort } from 'node:worker_threads'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import { withStreams, type ProcessHost } from '#dist/actors/gcs/process/process-start.js'

describe('a process that is not to be had', () => {
  it('leaves no port open, although nobody took the actor’s ends', async () => {
    const ends: MessagePort[] = []
    const asked: string[] = []
    const mailbox = {
      openChannel: () => {
        const channel = newChannel()
        ends.push(channel.local, channel.remote)
        return channel
      },
      call: async (method: string) => void asked.push(method),
    }
    const host = { vmId: 'vm', guestOS: 'linux', mailbox } as unknown as ProcessHost
    const wanted = { stdin: true, stdout: true, stderr: true }
    const why = new Error('nobody there')
    const starting = withStreams(host, undefined, wanted, 'discardProcess', () => Promise.reject(why))
    const closed = ends.map((end) => once(end, 'close'))
    await assert.rejects(starting, why)
    await Promise.all(closed)
    assert.deepEqual([ends.length, asked], [6, ['discardProcess']])
  })
})
