// Where recordings go: one file for each break, in its directory whatever the VM is called, and the reason when there is none.

import assert from 'node:assert/strict'
import { InvalidStateError, ProtocolError } from '#dist/index.js'
import { Recordings } from '#dist/actors/gcs/connection/recordings.js'
import { ManualClock } from '../../../fakes/clock.js'
import { rejectsWith } from '../../../support/expect.js'

function recordings(recorder: object | undefined): { recordings: Recordings; files: string[] } {
  const files: string[] = []
  const init = { vmId: '../../etc/vm', runtimeId: '01234567-89ab', guestOS: 'linux', recorder } as never
  return {
    files,
    recordings: new Recordings({
      init,
      clock: new ManualClock(),
      files: {
        pathIn: async (directory, file) => `${directory}|${file}`,
        write: async (path) => void files.push(path),
      },
      onSaved: () => undefined,
      onWarning: (error) => assert.fail(error),
    }),
  }
}

describe('recordings of a guest', () => {
  it('two breaks at one time are two files, and no id of a VM leads out of the directory', async () => {
    const { recordings: own, files } = recordings({ directory: '/rec', frames: 8, bytes: 1024 })
    for (let count = 0; count < 2; count++) own.broke(own.begin()!, new ProtocolError({ reason: 'nonsense' }))
    await own.settled()
    assert.equal(new Set(files).size, 2)
    for (const file of files) assert.match(file, /^\/rec\|[\w.-]+\.gcsrec$/)
  })

  it('that is switched off says so; one that has not begun says that', async () => {
    const off = await rejectsWith(recordings(undefined).recordings.save('/x'), InvalidStateError)
    assert.equal(off.state, 'not-recorded')
    assert.match(off.message, /the recorder of this guest is switched off/)
    const early = await rejectsWith(recordings({ frames: 8, bytes: 1024 }).recordings.save('/x'), InvalidStateError)
    assert.equal(early.state, 'not-connected')
    assert.match(early.message, /the guest has not connected yet/)
  })
})
