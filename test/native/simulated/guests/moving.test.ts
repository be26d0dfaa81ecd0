// A built-in guest that goes on in another place, as after a live migration.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { SimulatedGuest } from '#dist/index.js'
import { HOST_TYPE, NULL_ID, type RawBridge } from '../../../peer/host.js'
import {
  createRequest,
  linuxContainer,
  LoneGuest,
  request,
  resultOf,
  windowsContainer,
} from '../../../support/raw-guest.js'

describe('a built-in guest that moves', () => {
  let lone: LoneGuest
  let moved: SimulatedGuest | undefined
  afterEach(async () => {
    await moved?.stop()
    await lone.close()
  })

  /** Stops the guest and lets another go on with its state. Gives the bridge of that one. */
  async function move(): Promise<RawBridge> {
    const state = structuredClone(lone.guest.capture())
    await lone.guest.stop()
    const { runtimeId } = lone.guest
    moved = SimulatedGuest.start({ guestOS: lone.guestOS, transport: lone.directory, runtimeId, state })
    const bridge = await lone.bridge()
    bridge.startIdsAt(100n)
    await bridge.negotiate()
    return bridge
  }

  it('keeps its containers, files, processes and the waits for them', async () => {
    lone = await LoneGuest.start()
    const before = await lone.connected()
    await lone.create(before, 'c1', linuxContainer(['sh', '-c', 'echo here; sleep 60']))
    const { pid, stdout, listeners } = await lone.execute(before, 'c1', {}, ['stdout'])
    await once(stdout!.resume(), 'data')
    await lone.run(before, NULL_ID, 'echo kept > /tmp/note')
    const { id } = before.post(HOST_TYPE.wait, request('c1', { ProcessId: pid, TimeoutInMs: 0xffffffff }))
    await before.call(HOST_TYPE.start, request('c1'))
    const after = await move()
    assert.equal((await lone.run(after, NULL_ID, 'cat /tmp/note')).output, 'kept\n')
    const query = { Query: '{"PropertyTypes":["ProcessList"]}' }
    const { Properties } = (await after.call(HOST_TYPE.properties, request('c1', query))).body
    assert.equal(Properties, `{"ProcessList":[{"ProcessId":${pid}}]}`)
    assert.equal(resultOf(await after.call(HOST_TYPE.create, createRequest('c1', linuxContainer(['a'])))), '0xc037010f')
    // Init's output comes back to the same port.
    const again = await listeners['stdout']!.accept()
    const [chunk] = (await once(again.resume(), 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'here\n')
    const answer = after.expect(id)
    await after.call(HOST_TYPE.shutdownForced, request('c1'))
    await once(again, 'end')
    again.end()
    assert.equal((await answer).body['ExitCode'], 137)
    assert.equal((await after.notification()).body['Type'], 'ForcedExit')
  })

  it('still owes the notification of an exit that nobody has heard of', async () => {
    lone = await LoneGuest.start()
    const before = await lone.connected()
    await lone.create(before, 'c1', linuxContainer(['cat']))
    const { pid, stdin } = await lone.execute(before, 'c1', {}, ['stdin'])
    before.post(HOST_TYPE.wait, request('c1', { ProcessId: pid, TimeoutInMs: 0xffffffff }))
    await before.call(HOST_TYPE.start, request('c1'))
    before.socket.destroy()
    await once(before.socket, 'close')
    stdin!.end()
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    const after = await move()
    assert.equal(after.frames[0]?.body['ContainerId'], 'c1')
  })

  it('of Windows keeps its containers and what they were told', async () => {
    lone = await LoneGuest.start('windows')
    const before = await lone.connected()
    await lone.create(before, 'web-01', windowsContainer())
    await before.call(HOST_TYPE.start, request('web-01'))
    const memory = { ResourcePath: 'Container/Memory/SizeInMB', RequestType: 'Update', Settings: 768 }
    assert.equal(resultOf(await lone.modify(before, memory, 'web-01')), '')
    const after = await move()
    assert.equal(resultOf(await after.call(HOST_TYPE.start, request('web-01'))), '0xc0370105')
    assert.match((await lone.run(after, 'web-01', 'systeminfo')).output, /768 MB/)
  })
})
