// The examples run as they stand.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** What an example prints; it must end by itself, without an error. */
async function run(name: string): Promise<string> {
  const file = fileURLToPath(new URL(`../examples/${name}.js`, import.meta.url))
  const cwd = await mkdtemp('/tmp/example-')
  try {
    const stdout = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, [file], { cwd }, (error, out, err) => {
        if (error === null && err === '') resolve(out)
        else reject(new Error(`${name} failed: ${err}`, { cause: error }))
      })
    })
    assert.deepEqual(await readdir(cwd), [], 'it left files')
    return stdout
  } finally {
    await rm(cwd, { recursive: true })
  }
}

describe('examples', () => {
  it('quickstart: a disk that was hot-added is mounted inside', async () => {
    const printed = await run('quickstart')
    assert.match(printed, /on \/mnt\/data type/)
    assert.match(printed, /exit code 0\n/)
    assert.match(printed, /ForcedExit\n$/)
  })

  it('containers: init, a command beside it, and the exit', async () => {
    const printed = await run('containers')
    assert.match(printed, /^web\noverlay on \/ type overlay/)
    assert.match(printed, /the command exited with 0\n/)
    assert.match(printed, /web has exited\n/)
    assert.match(printed, /init exited with 0\n/)
  })

  it('simulation: a day with three crashes, on virtual time', async () => {
    const printed = await run('simulation')
    assert.match(printed, /^3 lives in 24 hours: UnexpectedExit, UnexpectedExit, UnexpectedExit\n/)
    assert.match(printed, /open at the end: 0 0 0 0 0\n$/)
  })
})
