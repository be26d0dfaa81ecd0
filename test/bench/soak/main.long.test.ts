// The command of the soak when something is wrong, and when it is interrupted.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runSoak, SOAK_MAIN, soakRecord } from '../../support/soak.js'

/** With every thread that is started a file is opened, and never closed. */
const LEAK = `data:text/javascript,${encodeURIComponent(
  "import { openSync } from 'node:fs'; process.on('worker', () => openSync('/dev/null'))",
)}`

describe('npm run soak', () => {
  let directory = ''
  before(async () => (directory = await mkdtemp('/tmp/soak-')))
  after(() => rm(directory, { recursive: true }))

  it('finds what is left open, and says so by its exit code', async () => {
    const out = join(directory, 'leak.json')
    const { code, text } = await runSoak(['--lives', '4', '--vms', '2', '--out', out], LEAK)
    assert.equal(code, 1, text)
    assert.match(text, /left open in the process: \{.*"descriptors":\d/)
    assert.equal((await soakRecord(out)).verdict, 'not so')
  })

  it('Ctrl-C leads the lives that there are to their end', async function () {
    if (process.platform === 'win32') return this.skip()
    const out = join(directory, 'interrupted.json')
    const child = spawn(process.execPath, [
      SOAK_MAIN,
      '--minutes',
      '600',
      '--vms',
      '4',
      '--lose-every',
      '0',
      '--out',
      out,
    ])
    let text = ''
    child.stdout.on('data', (chunk) => {
      // The first sample: from then on there are lives.
      if (text === '') child.kill('SIGINT')
      text += String(chunk)
    })
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(code, 130, text)
    const { verdict, faults, openInHost, openInProcess } = await soakRecord(out)
    assert.deepEqual(
      { verdict, faults, openInHost, openInProcess },
      { verdict: 'interrupted', faults: [], openInHost: {}, openInProcess: {} },
    )
  })
})
