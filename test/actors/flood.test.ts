// Floods of what may be dropped, through real threads: what crosses is bounded, the rest is counted, on the handle and by the Host, and the
// VM that flooded still answers.

import assert from 'node:assert/strict'
import { AbortError, Host } from '#dist/index.js'
import { MOST_IN_FLIGHT, MOST_WAITING } from '#dist/actors/outbox.js'
import { minimal } from '../support/documents.js'
import { rejectsWith } from '../support/expect.js'
import { useScriptedHost } from '../support/scripted-host.js'
import { TYPE } from '../peer/peer.js'

const MODULE = new URL('../fakes/unruly-provider.js', import.meta.url)
const MOST = MOST_IN_FLIGHT + MOST_WAITING

describe('a flood', () => {
  it('of crash reports of a VM: the newest come, what was dropped is counted and told by VM and Host', async () => {
    const reports = 5_000
    const host = await Host.open({ provider: { module: MODULE }, threads: 1, transport: 'unix' })
    try {
      const vm = await host.createVM('loud', minimal())
      const quiet = await host.createVM('quiet', minimal())
      const heard: number[] = []
      let [atVM, atHost] = [0, 0]
      const last = new Promise<void>((resolve) =>
        vm.on('crash-report', (report) => {
          const { n } = report as { n: number }
          heard.push(n)
          if (n === reports - 1) resolve()
        }),
      )
      vm.on('dropped', (what, count) => void (assert.equal(what, 'crash-report'), (atVM += count)))
      host.on('dropped', (what, count) => void (assert.equal(what, 'crash-report'), (atHost += count)))
      const flooding = vm.modify({ ResourcePath: `flood ${reports}` })
      await quiet.updateMemory(512)
      await Promise.all([flooding, last])
      assert.ok(heard.length <= MOST, `${heard.length} of ${reports} crossed`)
      assert.deepEqual(
        heard.slice(-MOST_WAITING),
        Array.from({ length: MOST_WAITING }, (_, at) => reports - MOST_WAITING + at),
      )
      assert.equal(heard.length + atVM, reports)
      assert.deepEqual([atHost, (await host.stats()).dropped], [atVM, atVM])
    } finally {
      await host.close()
    }
  })

  describe('of warnings', () => {
    const test = useScriptedHost({ threads: 1 })

    it('of a guest: what comes about late for many callers that gave up is told or counted, each once', async () => {
      const changes = 1_000
      const { guest, connect } = await test.guest({ modifyConcurrency: changes })
      const peer = await connect()
      let [told, atGuest, atHost] = [0, 0, 0]
      let settle = (): void => undefined
      const all = new Promise<void>((resolve) => (settle = resolve))
      const note = (): void => {
        if (told + atGuest === changes) settle()
      }
      guest.on('warning', () => void (told++, note()))
      guest.on('dropped', (what, count) => void (assert.equal(what, 'warning'), (atGuest += count), note()))
      const onDropped = (_what: string, count: number): void => void (atHost += count)
      test.host.on('dropped', onDropped)
      const before = (await test.host.stats()).dropped
      const abort = new AbortController()
      const calls = Array.from({ length: changes }, (_, n) =>
        rejectsWith(guest.addLCOWMappedDirectory({ MountPath: `/mnt/${n}` }, { signal: abort.signal }), AbortError),
      )
      const asked = []
      for (let n = 0; n < changes; n++) asked.push(await peer.next(TYPE.modify))
      abort.abort()
      await Promise.all(calls)
      // The thread knows of it by the time it answers something else.
      const dumping = guest.dumpStacks()
      peer.answer(await peer.next(TYPE.dumpStacks), { GuestStacks: '' })
      await dumping
      for (const request of asked) peer.answer(request)
      await all
      test.host.off('dropped', onDropped)
      assert.equal(atHost, atGuest)
      assert.equal((await test.host.stats()).dropped - before, atGuest)
    })
  })
})
