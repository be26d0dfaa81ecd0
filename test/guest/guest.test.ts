// The built-in Linux guest against the table of what a Linux guest does.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { SimulatedGuest } from '#dist/index.js'
import { builtinSubject, HARDWARE, MACHINE, type BuiltinSubject } from './builtin.js'
import { EXPECTED } from './expected.js'
import { ROWS } from './rows.js'

describe('the table of what a Linux guest does', () => {
  let builtin: BuiltinSubject
  before(async () => {
    builtin = await builtinSubject()
  })
  after(() => builtin.close())

  it('has an outcome for each row, and a row for each outcome', () => {
    assert.deepEqual(ROWS.map(({ id }) => id).sort(), Object.keys(EXPECTED).sort())
  })

  for (const { id, isFatal, run } of ROWS) {
    it(id, async () => {
      if (isFatal !== true) {
        assert.equal(await run(builtin.subject), EXPECTED[id]?.outcome)
        return
      }
      const fresh = await builtinSubject()
      try {
        assert.equal(await run(fresh.subject), EXPECTED[id]?.outcome)
        await fresh.poweredOff
      } finally {
        await fresh.close()
      }
    })
  }

  it('npm run test:guest -- --dial DIRECTORY drives whatever dials there, also after it died', async () => {
    const directory = await mkdtemp('/tmp/dial-')
    const runtimeId = 'a3cf6a1e-26a1-4d5b-9f0e-1f4c7b8d9e01'
    const options = ['--dial', directory, '--runtime-id', runtimeId, '--adapter', HARDWARE.adapter!, '--log']
    const child = spawn(process.execPath, ['build/test/guest/main.js', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += String(chunk)))
    const exited = once(child, 'exit').then(([code]) => code as number)
    let code: number | undefined
    while (code === undefined) {
      const guest = SimulatedGuest.start({ guestOS: 'linux', transport: directory, runtimeId, hardware: MACHINE })
      code = await Promise.race([exited, guest.poweredOff.then(() => undefined)])
      await guest.stop()
    }
    await rm(directory, { recursive: true })
    assert.match(said, new RegExp(`${ROWS.length} rows, 0 different\\n$`))
    assert.equal(code, 0)
  })
})
