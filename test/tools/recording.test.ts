// The command that prints a recording.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FlightRecorder } from '#dist/actors/gcs/connection/recorder.js'

const COMMAND = fileURLToPath(new URL('../../../dist/tools/recording.js', import.meta.url))

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

describe('uvm-recording', () => {
  let directory: string
  let file: string
  before(async () => {
    directory = await mkdtemp('/tmp/rec-')
    file = join(directory, 'a.gcsrec')
    let now = 0
    const init = { vmId: 'web-\u001b[31m1', runtimeId: 'r', guestOS: 'linux' }
    const recorder = new FlightRecorder(
      init as never,
      { frames: 9, bytes: 9999 },
      { now: () => now, wallTime: () => 0 },
    )
    const request = '{"ContainerId":"c\\u001b[2J\\u202e","Request":{"ResourceType":"Network"}}'
    recorder.sent(now, 0x10100a01, 3n, 100, request, false)
    now = 12.5
    recorder.received(now, 0x20000000, 3n, 60, '{"Result":-1070137074,"ErrorMessage":"gone"}')
    recorder.received(now, 0x30100101, 0n, 60, '{"ContainerId":"c1"}')
    recorder.received(now, 0x20100c01, 2n ** 63n, 60, undefined)
    recorder.broke(new RangeError('the guest answered the request 9, which is not outstanding'))
    await writeFile(file, recorder.encode(1000))
  })
  after(() => rm(directory, { recursive: true }))

  it('prints what it was, a line a frame, answers by the name of what they answer', async () => {
    const { code, stdout } = await run(file)
    assert.equal(code, 0)
    const lines = stdout.split('\n')
    assert.match(lines[0]!, /guest connection of the linux VM "web-/)
    assert.match(lines[1]!, /began 1970-01-01T00:00:00.000Z, .* 4 frames/)
    assert.match(lines[2]!, /it broke: RangeError: the guest answered the request 9/)
    assert.match(lines[4]!, /0\.000 ms -> ModifySettings +id 3, 100 bytes \{.*"ResourceType":"Network"/)
    assert.match(
      lines[5]!,
      /12\.500 ms <- ModifySettings +id 3, 60 bytes \(12\.500 ms\) FAILED \w+ .*"ErrorMessage":"\[4 characters\]"/,
    )
    assert.match(lines[6]!, /<- container notification/)
    assert.match(lines[7]!, /<- DumpStacks +id 9223372036854775808, 60 bytes \(no body kept\)/)
  })

  it('prints nothing that steers a terminal', async () => {
    const { stdout } = await run(file)
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    assert.match(stdout, /\\u202e/)
  })

  it('--json prints one document', async () => {
    const { stdout } = await run('--json', file)
    const { header, frames } = JSON.parse(stdout) as { header: { guestOS: string }; frames: { id: unknown }[] }
    assert.equal(header.guestOS, 'linux')
    assert.deepEqual(
      frames.map(({ id }) => id),
      [3, 3, 0, '9223372036854775808'],
    )
  })

  it('refuses what it cannot use with 2', async () => {
    await writeFile(join(directory, 'b'), 'no recording')
    for (const args of [[], [file, file], [join(directory, 'b')], [join(directory, 'none')], ['--wrong', file]]) {
      const { code, stdout, stderr } = await run(...args)
      assert.equal(code, 2, args.join(' '))
      assert.equal(stdout, '')
      assert.match(stderr, /^uvm-recording: /)
    }
    assert.equal((await run('--help')).code, 0)
  })
})
