// After everything is closed nothing is left: in the Host's own counts, in those of the operating system, on the disk.

import assert from 'node:assert/strict'
import type { HostOptions } from '#dist/index.js'
import { runNode, temporaryDirectory, type Ended, type TemporaryDirectory } from './support/child.js'
import type { WholeLife } from './support/whole-life.js'

describe('a process that has used a Host', function () {
  let temporary: TemporaryDirectory

  beforeEach(async () => (temporary = await temporaryDirectory()))
  afterEach(() => temporary.remove())

  const live = (options: HostOptions, mode = 'close'): Promise<Ended> =>
    runNode('build/test/support/whole-life.js', {
      args: [JSON.stringify(options), mode],
      env: { TMPDIR: temporary.path },
    })

  for (const options of [{ threads: 2 }, { isolation: 'dedicated' }] as const satisfies HostOptions[]) {
    it(`ends by itself, with nothing left of it: ${JSON.stringify(options)}`, async () => {
      const { code, signal, stdout, stderr } = await live(options)
      assert.deepEqual([code, signal, stderr], [0, null, ''])
      const { directories, fds, tasks, idle, exits } = JSON.parse(stdout) as WholeLife
      assert.deepEqual(exits, ['ForcedExit', 'ForcedExit', 'ForcedExit', 'ForcedExit'])
      const { handles, operations, sockets, queued, abandoned, actors } = idle
      assert.deepEqual(
        { handles, operations, sockets, queued, abandoned, actors },
        { handles: 0, operations: 0, sockets: 0, queued: 0, abandoned: 0, actors: { vm: 0, guest: 0 } },
      )
      assert.deepEqual(directories, { during: 1, after: 0 })
      assert.deepEqual(await temporary.entries(), [])
      if (process.platform !== 'linux') return
      assert.equal(fds?.after, fds?.before)
      assert.equal(tasks?.after, tasks?.before)
      // Actor threads, the one of the simulated service, and the side thread that takes the guests' logs.
      const actorThreads = 'isolation' in options ? 1 + 4 : options.threads
      assert.equal(tasks!.during - tasks!.before, actorThreads + 2)
    })
  }

  it('need not close a Host that is unref’d: it ends although it is open', async () => {
    const { code, signal, stderr } = await live({ threads: 2 }, 'unref')
    assert.deepEqual([code, signal, stderr], [0, null, ''])
    assert.deepEqual(await temporary.entries(), [])
  })
})
