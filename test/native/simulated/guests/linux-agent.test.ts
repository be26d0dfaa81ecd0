// The agent of a built-in Linux guest: its log and its stack dumps.

import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'
import { HOST_TYPE, NULL_ID, type RawListener } from '../../../peer/host.js'
import { LoneGuest, request } from '../../../support/raw-guest.js'

describe('the agent of a built-in Linux guest', () => {
  let lone: LoneGuest | undefined
  afterEach(async () => {
    await lone?.close()
    lone = undefined
  })

  /** Levels and messages of its log, until it has told of a failing request. */
  async function logOf(commandLine: string): Promise<Set<string>> {
    let listener: RawListener | undefined
    lone = await LoneGuest.start('linux', { kernelCommandLine: commandLine }, async (host) => {
      listener = await host.listen('vsock_109')
    })
    // Asked for before anything comes: what came earlier would be lost.
    const lines = createInterface({ input: (await listener!.accept()).resume() })[Symbol.asyncIterator]()
    const bridge = await lone.connected()
    const { pid } = await lone.execute(bridge, NULL_ID, { CommandArgs: ['true'] })
    await lone.wait(bridge, NULL_ID, pid)
    const nowhere = { MountPath: '/run/nowhere', Port: 1, ShareName: 'x' }
    await lone.modify(bridge, { RequestType: 'Remove', ResourceType: 'MappedDirectory', Settings: nowhere })
    await bridge.call(HOST_TYPE.deleteState, request('nobody'))
    const found = new Set<string>()
    for (;;) {
      const { value: line, done } = await lines.next()
      if (done === true) return found
      const entry = JSON.parse(String(line)) as { level: string; msg: string; name?: string; cid?: string }
      assert.deepEqual(Object.keys(entry), Object.keys(entry).sort())
      found.add(`${entry.level} ${entry.msg}`)
      if (entry.level === 'error') {
        assert.deepEqual([entry.name, entry.cid], ['opengcs::bridge::deleteContainerStateV2', 'nobody'])
        return found
      }
    }
  }

  it('logs at every level: spans, failures, what it did in between', async () => {
    const found = await logOf('quiet -- vsockexec -r -e 109 /bin/gcs')
    for (const entry of ['debug created process pid', 'info Span', 'warning nothing is mounted there', 'error Span'])
      assert(found.has(entry), `${entry}: ${[...found].join()}`)
  })

  it('logs from the level that it was started with', async () => {
    assert.deepEqual([...(await logOf('quiet -- vsockexec -r -e 109 /bin/gcs -loglevel error'))], ['error Span'])
  })

  it('dumps stacks of about 2 KiB a process, whole', async () => {
    lone = await LoneGuest.start()
    const bridge = await lone.connected()
    for (let count = 0; count < 100; count++) await lone.execute(bridge, NULL_ID, { CommandArgs: ['sleep', '60'] })
    const answer = await bridge.call(HOST_TYPE.dumpStacks, request(NULL_ID))
    const stacks = String(answer.body['GuestStacks'])
    assert.equal(stacks.match(/^process /gm)?.length, 100)
    assert(stacks.length > 65_536, String(stacks.length))
  })
})
