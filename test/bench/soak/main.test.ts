// The command of the soak: a few lives of it. How long they take is nobody's business here.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Sample } from '../../../bench/soak/sample.js'

const MAIN = fileURLToPath(new URL('../../../bench/soak/main.js', import.meta.url))
const PRELOAD = new URL('../../simulation/variants/preload.js', import.meta.url).href

interface Record {
  verdict: string
  faults: string[]
  lives: number
  openInHost: object
  openInProcess: object
  events: { [name: string]: number }
  wrongs: string[]
  samples: Sample[]
}

describe('npm run soak', () => {
  let directory = ''
  before(async () => (directory = await mkdtemp('/tmp/soak-')))
  after(() => rm(directory, { recursive: true }))

  async function run(args: string[], variant?: string): Promise<{ code: number; text: string }> {
    const preload = variant === undefined ? [] : ['--import', PRELOAD]
    const env = { ...process.env, ...(variant === undefined ? {} : { SIMULATION_VARIANT: variant }) }
    return new Promise((resolve) => {
      execFile(process.execPath, [...preload, MAIN, ...args], { env }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), text: out + err })
      })
    })
  }

  const recordOf = async (file: string): Promise<Record> => JSON.parse(await readFile(file, 'utf8')) as Record

  it('leads lives, loses a thread, leaves nothing, and writes a record and a plot', async () => {
    const out = join(directory, 'one.json')
    const { code, text } = await run(['--lives', '24', '--vms', '8', '--lose-every', '16', '--out', out])
    const record = await recordOf(out)
    assert.equal(code, 0, text)
    const { verdict, lives, faults, openInHost, openInProcess, wrongs, events, samples } = record
    assert.equal(verdict, 'flat, and nothing left')
    assert.deepEqual(
      { lives, faults, openInHost, openInProcess, wrongs },
      { lives: 24, faults: [], openInHost: {}, openInProcess: {}, wrongs: [] },
    )
    assert.equal(events['threads lost'], 1)
    assert(samples.length >= 1 && samples.every(({ residentMiB }) => residentMiB > 0))
    assert.match(await readFile(join(directory, 'one.svg'), 'utf8'), /^<svg [^]*<\/svg>\n$/)
    assert.match(text, /resident memory, MiB: not judged, the run was too short\n/)
  })

  it('finds what is left open, and says so by its exit code', async () => {
    const out = join(directory, 'leak.json')
    const { code, text } = await run(['--lives', '4', '--vms', '2', '--out', out], 'a handle is not closed')
    assert.equal(code, 1, text)
    assert.match(text, /left open in the Host: \{.*"handles":\d/)
    assert.equal((await recordOf(out)).verdict, 'not so')
  })

  it('Ctrl-C leads the lives that there are to their end', async function () {
    if (process.platform === 'win32') return this.skip()
    const out = join(directory, 'interrupted.json')
    const child = spawn(process.execPath, [MAIN, '--minutes', '600', '--vms', '4', '--lose-every', '0', '--out', out])
    let text = ''
    child.stdout.on('data', (chunk) => {
      // The first sample: from then on there are lives.
      if (text === '') child.kill('SIGINT')
      text += String(chunk)
    })
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(code, 130, text)
    const { verdict, faults, openInHost, openInProcess } = await recordOf(out)
    assert.deepEqual(
      { verdict, faults, openInHost, openInProcess },
      { verdict: 'interrupted', faults: [], openInHost: {}, openInProcess: {} },
    )
  })

  it('refuses what it does not know with exit code 2', async () => {
    for (const args of [['--minutes', 'x'], ['--lives', '0'], ['--minutes', '1', '--lives', '1'], ['--what']])
      assert.equal((await run(args)).code, 2)
  })
})
