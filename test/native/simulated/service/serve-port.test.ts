// One actor thread at the simulated service, and what becomes of what it asked for when it is gone.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { ToService } from '#dist/native/remote/wire.js'
import { servePort } from '#dist/native/simulated/service/serve-port.js'
import { machineService, type ServiceRig } from '../../../fakes/machine-service.js'
import { minimal } from '../../../support/documents.js'

describe('a thread that is gone while the simulated service makes a handle for it', () => {
  let rig: ServiceRig
  let near: MessagePort
  let far: MessagePort
  let gone: () => void

  beforeEach(() => {
    rig = machineService({ latency: { create: 5, open: 5 } })
    ;({ port1: near, port2: far } = new MessageChannel())
    gone = servePort(rig.service, 'client', far)
  })
  afterEach(() => near.close())

  async function ask(call: ToService & { call: object }): Promise<void> {
    near.postMessage(call)
    while (rig.clock.timers === 0) await new Promise((resolve) => setImmediate(resolve))
  }

  async function made(): Promise<void> {
    rig.clock.advance(5)
    await rig.deliver()
  }

  const create: ToService = { number: 1, call: { do: 'create', id: 'vm', document: JSON.stringify(minimal()) } }

  it('keeps no VM of it: nobody knows the handle', async () => {
    await ask(create)
    const closed = once(far, 'close')
    near.close()
    await closed
    await made()
    assert.equal(rig.service.count(), 0)
  })

  it('nor when that is known before its port has closed', async () => {
    await ask(create)
    gone()
    await made()
    assert.equal(rig.service.count(), 0)
  })

  it('nor a further handle on a VM of somebody else', async () => {
    const { handle } = await rig.create('vm')
    await ask({ number: 1, call: { do: 'open', id: 'vm' } })
    gone()
    await made()
    await rig.settle(rig.service.close(handle))
    assert.equal(rig.service.count(), 0)
  })

  it('has it as long as the thread is there', async () => {
    await ask(create)
    const answer = once(near, 'message')
    await made()
    assert.equal(rig.service.count(), 1)
    const [{ number }] = (await answer) as [{ number: number }]
    assert.equal(number, 1)
  })
})
