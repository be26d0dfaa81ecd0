// The demo as a person sees it at a terminal: Ctrl-C, other endings, narrow windows.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { runNode, temporaryDirectory, type TemporaryDirectory } from '../../support/child.js'
import { linux } from '../../support/documents.js'
import { noTerminal, runAtTerminal } from '../../support/terminal.js'

const DEMO = 'packages/cli/dist/fleet/main.js'

describe('the demo at a terminal', function () {
  let files: TemporaryDirectory
  let temporary: TemporaryDirectory
  let sleeping: string

  before(function () {
    if (noTerminal !== undefined) this.skip()
  })
  beforeEach(async () => {
    files = await temporaryDirectory()
    temporary = await temporaryDirectory()
    sleeping = join(files.path, 'fleet.json')
    const run = [{ args: ['sh', '-c', 'echo up; sleep 1000'] }]
    await writeFile(sleeping, JSON.stringify({ vms: [{ id: 'vm', guestOS: 'linux', document: linux('quiet'), run }] }))
  })
  afterEach(async () => {
    assert.deepEqual(await temporary.entries(), [], 'something is left of it')
    await files.remove()
    await temporary.remove()
  })

  const start = (args: string[], columns?: number) =>
    runAtTerminal(DEMO, args, { ...(columns === undefined ? {} : { columns }), env: { TMPDIR: temporary.path } })

  it('Ctrl-C takes everything down, tells how it went, and ends with 130', async () => {
    const terminal = start([sleeping])
    await terminal.seen(/\[vm\] up/)
    terminal.type('\x03')
    assert.equal(await terminal.ended, 130)
    assert.match(terminal.shown(), /SIGINT: taking everything down/)
    assert.match(terminal.shown(), /1 VMs, 0 ok, 1 failed/)
  })

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    it(`${signal} is as orderly, and ends with ${code}`, async () => {
      let isSent = false
      const { code: ended, stdout } = await runNode(DEMO, {
        args: [sleeping],
        env: { TMPDIR: temporary.path },
        onOutput: (text, kill) => {
          // Once: a second one would leave at once.
          if (!isSent && text.includes('[vm] up')) kill(signal)
          isSent ||= text.includes('[vm] up')
        },
      })
      assert.equal(ended, code)
      assert.match(stdout, /1 VMs, 0 ok, 1 failed/)
    })
  }

  it('a window of 34 columns stays readable: no line of the report is wider', async () => {
    const terminal = start([], 34)
    assert.equal(await terminal.ended, 0)
    const shown = stripVTControlCharacters(terminal.shown()).replaceAll('\r', '').trimEnd().split('\n')
    const from = shown.findIndex((line) => /^linux-0 \(linux\): ok/.test(line))
    assert.notEqual(from, -1, terminal.shown())
    const report = shown.slice(from, -1)
    assert(report.every((line) => line.length <= 34))
    assert(report.includes('  exit ForcedExit'))

    for (const [, live = ''] of terminal.shown().matchAll(/(\d+ VMs: [^\r\n\u001b]*)/g)) assert(live.length <= 34, live)
  })
})

describe('a second Ctrl-C', () => {
  it('leaves at once, whatever is still open', async function () {
    if (noTerminal !== undefined) this.skip()
    const terminal = runAtTerminal('build/test/support/never-ends.js', [])
    await terminal.seen(/ready/)
    terminal.type('\x03')
    await terminal.seen(/going on/)
    terminal.type('\x03')
    assert.equal(await terminal.ended, 130)
  })
})
