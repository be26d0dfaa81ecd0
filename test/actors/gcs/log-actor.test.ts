// The log of a VM's guest on a bare port: what the end of its VM waits for.

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { startLogActor } from '#dist/actors/gcs/log-actor.js'
import type { LogNotices, LogRequests } from '#dist/actors/gcs/contract.js'
import { openMailbox } from '#dist/actors/mailbox/caller.js'
import { newChannel } from '#dist/actors/mailbox/channel.js'
import type { HvSocketListener } from '#dist/native/hvsocket.js'
import { FakeProvider } from '../../fakes/provider.js'
import { environment } from '../../fakes/vm.js'
import { deferred, pending } from '../../support/expect.js'

const SUBJECT = { op: 'guest.log', id: 'vm' }

describe('the log of a guest whose VM has ended', () => {
  it('is read to its end, and taken, before the end is answered', async () => {
    const socket = new PassThrough()
    const over = deferred<never>()
    let accepts = 0
    const listener: HvSocketListener = {
      address: { runtimeId: '', serviceId: '' },
      accept: () => (accepts++ === 0 ? Promise.resolve(socket) : over.promise),
      close: async () => over.reject(new Error('closed')),
    }
    over.promise.catch(() => undefined)
    const transport = { listen: () => Promise.resolve(listener), close: () => Promise.resolve() }
    const { local, remote } = newChannel()
    startLogActor(
      remote,
      { vmId: 'vm', runtimeId: '', guestOS: 'linux' },
      { ...environment(new FakeProvider()), transport },
    )
    const mailbox = openMailbox<LogRequests, LogNotices>(local)
    const said: string[] = []
    mailbox.onNotice('logs', ({ entries }) => void said.push(...entries.map(({ message }) => message)))
    await mailbox.call('arm', {}, SUBJECT)
    const finished = mailbox.call('finish', {}, SUBJECT)
    assert.equal(await pending(finished), true)
    socket.end('{"level":"info","msg":"last words"}\n')
    assert.equal(await pending(finished), true, 'nobody has taken it')
    assert.deepEqual(said, ['last words'])
    await mailbox.call('taken', {}, SUBJECT)
    await finished
    await mailbox.stop()
  })
})
