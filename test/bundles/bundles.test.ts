// Programs that are bundled: with the worker as an entry of its own they run as they did before; without it they say what to do.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type BuildOptions } from 'esbuild'
import { rollup, type Plugin } from 'rollup'
import { InvalidConfigError, useWorker } from '#dist/index.js'
import { runNode } from '../support/child.js'
import { serviceDirectory } from '../support/service-process.js'

/** Where packages that are not bundled are found, as they would be beside an installed program. */
const HOME = 'build/bundles'
const PROGRAM = 'build/test/bundles/program.js'
/** Packages with files of their own. */
const EXTERNAL = ['piscina', 'koffi']
/** `uvm-actors/worker` and `uvm-actors`, as a bundler finds them. */
const fileOf = (specifier: string): string => fileURLToPath(import.meta.resolve(specifier))

describe('a program that is bundled', () => {
  let folder: string
  before(() => mkdirSync(HOME, { recursive: true }))
  beforeEach(() => (folder = mkdtempSync(`${HOME}/b-`)))
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Entries by the name of what is made of them. */
  async function esbuild(entries: Record<string, string>, more: BuildOptions = {}): Promise<void> {
    const { warnings } = await build({
      entryPoints: entries,
      outdir: folder,
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: EXTERNAL,
      logLevel: 'silent',
      ...more,
    })
    assert.deepEqual(
      warnings.filter(({ id }) => id !== 'empty-import-meta'),
      [],
    )
  }

  /** What the program says: the exit code of what ran in the guest, or its error. */
  async function said(options: object = {}, file = 'program.js', ...worker: string[]): Promise<unknown> {
    const args = [JSON.stringify({ threads: 2, provider: 'simulated', ...options }), ...worker]
    const { stdout, stderr, code } = await runNode(join(folder, file), { args })
    assert.deepEqual([stderr, code], ['', 0])
    return JSON.parse(stdout)
  }

  /** Says what is missing, and each way to put it right. */
  function saysWhatToDo(outcome: unknown): void {
    const [code, message] = outcome as [string, string]
    assert.equal(code, 'UVM_NO_PROVIDER')
    for (const word of ['uvm-actors/worker', 'uvm-actors-worker.js', 'useWorker(file)', 'external', 'docs/bundling.md'])
      assert(message.includes(word), `${word}: ${message}`)
  }

  it('by esbuild, with the worker beside it, runs', async () => {
    await esbuild({ program: PROGRAM, 'uvm-actors-worker': fileOf('uvm-actors/worker') })
    assert.equal(await said(), 7)
  })

  it('minified, and with threads of their own for VMs, too', async () => {
    await esbuild({ program: PROGRAM, 'uvm-actors-worker': fileOf('uvm-actors/worker') }, { minify: true })
    assert.equal(await said({ isolation: 'dedicated' }), 7)
  })

  it('starts the service process, which is in the worker too', async () => {
    await esbuild({ program: PROGRAM, 'uvm-actors-worker': fileOf('uvm-actors/worker') })
    const service = await serviceDirectory()
    try {
      assert.equal(await said({ simulated: { serviceDirectory: service.path } }), 7)
      const { pid } = JSON.parse(readFileSync(join(service.path, 'service.lock'), 'utf8')) as { pid: number }
      process.kill(pid, 'SIGTERM')
      await service.emptied()
    } finally {
      await service.abandon()
    }
  })

  it('as CommonJS, with the worker named, runs', async () => {
    await esbuild({ 'uvm-actors-worker': fileOf('uvm-actors/worker') })
    renameSync(join(folder, 'uvm-actors-worker.js'), join(folder, 'elsewhere.mjs'))
    await esbuild({ program: PROGRAM }, { format: 'cjs', outExtension: { '.js': '.cjs' } })
    saysWhatToDo(await said({}, 'program.cjs'))
    assert.equal(await said({}, 'program.cjs', join(folder, 'elsewhere.mjs')), 7)
  })

  it('without the worker says what to do, whatever lies beside it', async () => {
    await esbuild({ program: PROGRAM, entry: PROGRAM, 'service-thread': PROGRAM })
    saysWhatToDo(await said())
    saysWhatToDo(await said({ provider: { module: 'nothing' } }))
  })

  it('with the pool inside says that it must stay outside', async () => {
    await esbuild({ program: PROGRAM, 'uvm-actors-worker': fileOf('uvm-actors/worker') }, { external: ['koffi'] })
    const [code, message] = (await said()) as [string, string]
    assert.equal(code, 'UVM_NO_PROVIDER')
    assert.match(message, /^host.open: piscina cannot be loaded: .*has to be external.*docs\/bundling\.md$/)
  })

  it('by rollup, with the worker as a second entry, runs', async () => {
    const ours: Plugin = { name: 'ours', resolveId: (id) => (id.startsWith('uvm-actors') ? fileOf(id) : null) }
    const bundle = await rollup({
      input: { program: PROGRAM, 'uvm-actors-worker': 'uvm-actors/worker' },
      plugins: [ours],
      external: (id) => !/^[./]|^uvm-actors/.test(id),
      onLog: (level, log) => assert.equal(level, 'info', log.message),
    })
    await bundle.write({ dir: folder, format: 'es' })
    await bundle.close()
    assert.equal(await said(), 7)
  })
})

describe('useWorker', () => {
  it('takes a file that is there', () => {
    for (const [file, message] of [
      [undefined, /expected a path or a file URL/],
      [7, /expected a path or a file URL/],
      [new URL('https://x/y.js'), /expected a path or a file URL/],
      ['/nowhere/worker.js', /there is no such file/],
    ] as const) {
      assert.throws(
        () => useWorker(file as never),
        (error) => error instanceof InvalidConfigError && error.path === 'file' && message.test(error.message),
      )
    }
  })
})
