// The command of the soak: a few lives of it. How long they take is nobody's business here.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runSoak, soakRecord } from '../../support/soak.js'

describe('npm run soak', () => {
  let directory = ''
  before(async () => (directory = await mkdtemp('/tmp/soak-')))
  after(() => rm(directory, { recursive: true }))

  it('leads lives, loses a thread, leaves nothing, and writes a record and a plot', async () => {
    const out = join(directory, 'one.json')
    const { code, text } = await runSoak(['--lives', '8', '--vms', '4', '--lose-every', '6', '--out', out])
    const record = await soakRecord(out)
    assert.equal(code, 0, text)
    const { verdict, lives, faults, openInHost, openInProcess, wrongs, events, samples } = record
    assert.equal(verdict, 'flat, and nothing left')
    assert.deepEqual(
      { lives, faults, openInHost, openInProcess, wrongs },
      { lives: 8, faults: [], openInHost: {}, openInProcess: {}, wrongs: [] },
    )
    assert.equal(events['threads lost'], 1)
    assert(samples.length >= 1 && samples.every(({ residentMiB }) => residentMiB > 0))
    assert.match(await readFile(join(directory, 'one.svg'), 'utf8'), /^<svg [^]*<\/svg>\n$/)
    assert.match(text, /resident memory, MiB: not judged, the run was too short\n/)
  })

  it('refuses what it does not know with exit code 2', async () => {
    for (const args of [['--lives', '0'], ['--what']]) assert.equal((await runSoak(args)).code, 2)
  })
})
