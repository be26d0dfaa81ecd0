// An example of examples/, run as it stands.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** What an example prints; it must end by itself, without an error. */
export async function runExample(name: string): Promise<string> {
  const file = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url))
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
