// The process ends with operations in flight: by its own exit code, not by a signal.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describeDouble } from '../../support/double.js'
import { doubleFor } from '../double/build.js'

interface End {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

function run(how: string): Promise<End> {
  const program = fileURLToPath(new URL('./abrupt-end.js', import.meta.url))
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, how, doubleFor()], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
    )
  })
}

describeDouble('computecore: a process that ends with operations in flight', function () {
  for (const [how, code] of [
    ['exit', 7],
    ['storm', 7],
    ['exit-code', 9],
    ['throw', 1],
  ] as const) {
    it(`ends with its own exit code, ${how}`, async function () {
      for (let time = 0; time < 2; time++) {
        const end = await run(how)
        assert.deepEqual({ code: end.code, signal: end.signal }, { code, signal: null }, end.stderr)
        assert.match(end.stdout, /an exit listener ran/)
        assert.equal(end.stderr.includes('nobody catches this'), how === 'throw', end.stderr)
      }
    })
  }
})
