// The tools of the build: what is missing, too old, or fails, is one typed error each.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AbortError, ImageError } from '#dist/index.js'
import { findTool, reasonOf, run } from '#image/commands.js'
import { checkVersion, findTools, versionIn } from '#image/tools.js'
import { rejectsWith } from '../support/expect.js'
import { temporary, tool } from './support.js'

const COMMAND = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url))

const ALL = { packages: true, agent: true, compiler: true, daemon: true }

describe('the tools of an image build', () => {
  const root = temporary()

  it('are looked for on PATH, in its order; relative places do not count', async () => {
    const first = await tool(join(root(), 'a'), 'go', 'exit 0')
    await tool(join(root(), 'b'), 'go', 'exit 0')
    assert.equal(await findTool('go', `relative::${join(root(), 'a')}:${join(root(), 'b')}`), first)
    assert.equal(await findTool('nosuch', join(root(), 'a')), undefined)
  })

  it('that are missing are said in one line, with the command that brings them all', async () => {
    for (const [needs, reason, pattern] of [
      [
        { packages: false, agent: true, compiler: true, daemon: true },
        'no-go',
        /go, cc, cargo; run: apt-get install .* golang-go gcc libc6-dev cargo$/,
      ],
      [
        { packages: false, agent: false, compiler: true, daemon: false },
        'no-compiler',
        /cc; run: apt-get install .* gcc libc6-dev$/,
      ],
      [
        { packages: false, agent: false, compiler: false, daemon: true },
        'no-cargo',
        /cargo; run: apt-get install .* cargo$/,
      ],
      [
        ALL,
        'no-go',
        /go, cc, apt-get, apt-cache, dpkg-deb, cargo; this is no Debian: give kernel, modules, busybox and runtime by path/,
      ],
    ] as const) {
      const error = await rejectsWith(findTools(needs, join(root(), 'empty')), ImageError)
      assert.equal(error.reason, reason)
      assert.match(error.message, pattern)
      assert(!error.message.includes('\n'))
    }
  })

  it('that are there are found, and no more than is needed', async () => {
    const place = join(root(), 'full')
    for (const name of ['go', 'cc', 'apt-get', 'apt-cache', 'dpkg-deb', 'cargo']) await tool(place, name, 'exit 0')
    const apt = { get: join(place, 'apt-get'), cache: join(place, 'apt-cache'), deb: join(place, 'dpkg-deb') }
    assert.deepEqual(await findTools(ALL, place), {
      apt,
      go: join(place, 'go'),
      cc: join(place, 'cc'),
      cargo: join(place, 'cargo'),
    })
    assert.deepEqual(await findTools({ ...ALL, packages: false, agent: false, daemon: false }, place), {
      cc: join(place, 'cc'),
    })
  })

  it('that are too old are refused with what they are and what is needed', () => {
    checkVersion('go', 'go version go1.24.1 linux/amd64', [1, 24])
    checkVersion('go', 'go version go2.0 linux/amd64', [1, 24])
    for (const answer of ['go version go1.19.8', 'cannot say']) {
      assert.throws(() => checkVersion('go', answer, [1, 24]), {
        code: 'UVM_IMAGE',
        reason: 'wrong-version',
        message: /1\.24 or later is needed/,
      })
    }
    assert.deepEqual(versionIn('cargo 1.95.0 (f2d3)'), [1, 95])
  })

  it('that fail are told by what they complain of', async () => {
    for (const [complaint, reason] of [
      ['cannot create file: No space left on device', 'no-space'],
      ['Disk quota exceeded', 'no-space'],
      ['E: Failed to fetch http: Temporary failure resolving', 'index-unreachable'],
      ['dial tcp: lookup proxy: no such host', 'index-unreachable'],
      ['undefined: x', 'tool-failed'],
    ] as const) {
      assert.equal(reasonOf(complaint, 'tool-failed'), reason)
      const failing = await tool(root(), 'failing', `echo 'W: a warning' >&2; echo '${complaint}' >&2; exit 3`)
      const error = await rejectsWith(run(failing, ['-x']), ImageError)
      assert.equal(error.reason, reason)
      assert.match(error.message, /image\.build: failing -x: exit code 3: /)
      assert(error.message.includes(complaint) && !error.message.includes('a warning'))
    }
  })

  it('end with the build: an aborted one leaves no process', async () => {
    const ending = new AbortController()
    const slow = await tool(
      root(),
      'slow',
      `trap 'touch ${join(root(), 'ended')}; exit 1' TERM; touch ${join(root(), 'begun')}; while :; do sleep 0.02; done`,
    )
    const running = run(slow, [], { signal: ending.signal })
    while (!(await readdir(root())).includes('begun')) await new Promise((resolve) => setImmediate(resolve))
    ending.abort()
    await rejectsWith(running, AbortError)
    while (
      !(await access(join(root(), 'ended')).then(
        () => true,
        () => false,
      ))
    )
      await new Promise((resolve) => setImmediate(resolve))
    await rejectsWith(run(slow, [], { signal: ending.signal }), AbortError)
  })
})

describe('uvmctl image build', () => {
  const root = temporary()

  const command = (args: string[], path?: string): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, ...(path === undefined ? {} : { PATH: path }) }
      execFile(process.execPath, [COMMAND, 'image', 'build', ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })

  it('tells its options', async () => {
    const { code, stdout } = await command(['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /--kernel <file>/)
  })

  it('refuses arguments that it cannot use: exit code 2', async () => {
    for (const args of [['--nosuch'], ['--kernel', '/none/vmlinuz', '--modules', '/none']]) {
      const { code, stderr } = await command(args)
      assert.equal(code, 2)
      assert.match(stderr, /^uvmctl: .*(nosuch|\/none\/vmlinuz)/)
    }
  })

  it('says in one line what this machine lacks: exit code 3, and nothing is left behind', async function () {
    if (process.platform !== 'linux' || process.arch !== 'x64') this.skip()
    const { code, stderr } = await command(['--cache', join(root(), 'cache')], join(root(), 'empty'))
    assert.equal(code, 3)
    assert.match(stderr, /^uvmctl: image\.build: not on PATH: apt-get.*\n$/)
    assert.deepEqual(await readdir(root()), [])
  })

  it('tells a failure by another exit code than what is lacking: 1', async function () {
    if (process.platform !== 'linux' || process.arch !== 'x64') this.skip()
    const tools = join(root(), 'broken')
    await tool(tools, 'apt-get', 'exit 0')
    await tool(tools, 'dpkg-deb', 'exit 0')
    await tool(tools, 'apt-cache', 'echo No space left on device >&2; exit 1')
    const { code, stderr } = await command(['--cache', join(root(), 'cache')], tools)
    assert.equal(code, 1, stderr)
    assert.match(stderr, /No space left on device/)
  })
})
