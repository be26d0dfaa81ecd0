// Changes that their callers gave up: the guest goes on with them, and that stops nobody else.

import assert from 'node:assert/strict'
import { MOST_IN_FLIGHT, MOST_WAITING } from '#dist/actors/outbox.js'
import { InvalidStateError, OperationTimeoutError } from '#dist/index.js'
import { fakeGuest, type FakeGuest } from '../../../fakes/guest.js'
import { TYPE } from '../../../peer/peer.js'
import { linux } from '../../../support/documents.js'
import { pending, rejectsWith } from '../../../support/expect.js'
import { useHost } from '../../../support/host.js'

describe('changes of a guest that are given up', () => {
  describe('by the wire', () => {
    let fake: FakeGuest
    afterEach(() => fake.close())

    const mount = (lun: number, timeoutMs?: number): Promise<void> =>
      fake.guest.addLCOWMappedVirtualDisk(
        { MountPath: `/${lun}`, Lun: lun },
        timeoutMs === undefined ? {} : { timeoutMs },
      )

    it('the places of four go to the next; who waits is told behind what, and counted', async () => {
      fake = await fakeGuest('linux')
      const peer = await fake.connect()
      const { gauges } = fake.env
      const lost = [0, 1, 2, 3].map((lun) => rejectsWith(mount(lun, 1000), OperationTimeoutError))
      const requests = []
      for (let count = 0; count < 4; count++) requests.push(await peer.next(TYPE.modify))
      const hasty = mount(4, 500)
      const next = mount(5)
      assert.equal(await pending(next), true)
      assert.deepEqual([gauges.queued, gauges.abandoned], [2, 0])
      fake.clock.advance(500)
      const error = await rejectsWith(hasty, OperationTimeoutError)
      assert.equal(error.sent, false)
      assert.match(error.message, /it waited behind guest\.addLCOWMappedVirtualDisk and 3 more/)
      fake.clock.advance(500)
      for (const one of await Promise.all(lost)) assert.equal(one.sent, true)
      peer.answer(await peer.next(TYPE.modify))
      await next
      assert.deepEqual([gauges.queued, gauges.abandoned], [0, 4])

      // One that comes about after all is told; one that fails, as its caller was told, is not.
      const warnings: Error[] = []
      const warned = new Promise((resolve) => fake.guest.once('warning', resolve))
      fake.guest.on('warning', (warning) => warnings.push(warning))
      peer.answer(requests[0]!, { Result: -1 })
      peer.answer(requests[2]!)
      await warned
      assert.equal(gauges.abandoned, 2)
      assert.equal(warnings.length, 1)
      const [warning] = warnings
      assert(warning instanceof InvalidStateError)
      assert.deepEqual([warning.op, warning.state], ['guest.addLCOWMappedVirtualDisk', 'done-late'])
      assert.match(warning.message, /Add of MappedVirtualDisk, MountPath "\/2", Lun 2/)
    })

    it('late answers in a flood: the oldest that nobody takes are dropped, and counted', async () => {
      fake = await fakeGuest('linux', { modifyConcurrency: 200 })
      const peer = await fake.connect()
      // Hears, and gives no credit back.
      const heard: number[] = []
      fake.mailbox.onNotice('warning', (_record, dropped = 0) => heard.push(dropped))
      const lost = Array.from({ length: 100 }, (_, at) => rejectsWith(mount(at % 64, 1000), OperationTimeoutError))
      const requests = []
      for (let count = 0; count < 100; count++) requests.push(await peer.next(TYPE.modify))
      fake.clock.advance(1000)
      await Promise.all(lost)
      for (const request of requests) peer.answer(request)
      const behind = mount(1)
      peer.answer(await peer.next(TYPE.modify))
      await behind
      assert.equal(heard.length, MOST_IN_FLIGHT)
      await fake.guest.close()
      assert.equal(heard.length, MOST_IN_FLIGHT + MOST_WAITING)
      assert.equal(
        heard.reduce((sum, dropped) => sum + dropped),
        100 - heard.length,
      )
    })

    it('a break comes behind the late answers that wait to be told', async () => {
      fake = await fakeGuest('linux', { modifyConcurrency: 200 })
      const peer = await fake.connect()
      const heard: string[] = []
      fake.mailbox.onNotice('warning', () => heard.push('warning'))
      const broken = new Promise<void>((resolve) => {
        fake.guest.once('disconnected', () => {
          heard.push('disconnected')
          resolve()
        })
      })
      const count = MOST_IN_FLIGHT + 4
      const lost = Array.from({ length: count }, (_, at) => rejectsWith(mount(at, 1000), OperationTimeoutError))
      const requests = []
      for (let at = 0; at < count; at++) requests.push(await peer.next(TYPE.modify))
      fake.clock.advance(1000)
      await Promise.all(lost)
      for (const request of requests) peer.answer(request)
      const behind = mount(1)
      peer.answer(await peer.next(TYPE.modify))
      await behind
      peer.destroy()
      await broken
      assert.deepEqual(heard, [...Array.from({ length: count }, () => 'warning'), 'disconnected'])
    })

    it('with one change at a time, as the reference, the place stays until requestTimeoutMs', async () => {
      fake = await fakeGuest('linux', { modifyConcurrency: 1, requestTimeoutMs: 5000 })
      const peer = await fake.connect()
      const lost = fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/1', Lun: 1 }, { timeoutMs: 1000 })
      const request = await peer.next(TYPE.modify)
      fake.clock.advance(1000)
      await rejectsWith(lost, OperationTimeoutError)
      const next = fake.guest.addLCOWMappedVirtualDisk({ MountPath: '/2', Lun: 2 })
      assert.equal(await pending(next), true)
      assert.deepEqual([peer.unread, fake.env.gauges.abandoned], [0, 1])
      fake.clock.advance(4000)
      peer.answer(await peer.next(TYPE.modify))
      await next
      assert.equal(fake.env.gauges.abandoned, 0)
      // Late, and later than anybody expects an answer.
      const warned = new Promise<Error>((resolve) => fake.guest.once('warning', resolve))
      peer.answer(request)
      assert.match((await warned).message, /MountPath "\/1"/)
    })
  })

  describe('on the built-in guest', () => {
    const test = useHost()

    it('mounts of partitions that never appear, each given up, hold nobody up', async () => {
      const vm = await test.create(linux('quiet'))
      const guest = await test.host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      for (const lun of [0, 1]) await vm.addSCSIDisk({ Type: 'VirtualDisk', Path: `${lun}.vhd` }, 0, lun)
      const missing = Array.from({ length: 4 }, (_, index) => {
        const disk = { MountPath: `/mnt/${index}`, Lun: 0, Partition: index + 1 }
        return rejectsWith(guest.addLCOWMappedVirtualDisk(disk, { timeoutMs: 20 }), OperationTimeoutError)
      })
      await Promise.all(missing)
      await guest.addLCOWMappedVirtualDisk({ MountPath: '/mnt/there', Lun: 1 })
      assert.equal((await test.host.stats()).abandoned, 4)
      await guest.closeConnection()
      assert.equal((await test.host.stats()).abandoned, 0)
    })
  })
})
