// The scripts of package.json: what a build leaves, and which tests run.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const script = (name: string): Promise<unknown> => import(new URL(`../../../scripts/${name}.js`, import.meta.url).href)

describe('npm run build', () => {
  let folder: string
  let prune: (sources: string, output: string, buildInfo: string) => void

  before(async () => ({ prune } = (await script('outputs')) as { prune: typeof prune }))
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'build-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  function write(...paths: string[]): void {
    for (const path of paths.map((path) => join(folder, path))) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, '')
    }
  }

  /** What is left, when `sources` have been compiled into what is in `output`. */
  function left(): { output: string[]; remembers: boolean } {
    write('buildinfo')
    prune(join(folder, 'src'), join(folder, 'dist'), join(folder, 'buildinfo'))
    const output = readdirSync(join(folder, 'dist'), { recursive: true }) as string[]
    return { output: output.sort(), remembers: readdirSync(folder).includes('buildinfo') }
  }

  it('keeps what has a source', () => {
    write('src/a.ts', 'dist/a.js', 'dist/a.js.map', 'dist/a.d.ts', 'dist/a.d.ts.map')
    assert.deepEqual(left(), { output: ['a.d.ts', 'a.d.ts.map', 'a.js', 'a.js.map'], remembers: true })
  })

  it('deletes what has none: a deleted test does not run, a deleted module is not published', () => {
    write('src/a.ts', 'dist/a.js', 'dist/b.js', 'dist/b.d.ts.map', 'dist/deep/down/c.js', 'dist/secret.txt')
    assert.deepEqual(left(), { output: ['a.js'], remembers: true })
  })

  it('writes anew what is missing: the compiler would take it for written', () => {
    write('src/a.ts', 'src/b.ts', 'dist/a.js')
    assert.deepEqual(left(), { output: ['a.js'], remembers: false })
  })

  it('is done from nothing before the package is packed, and leaves nothing behind on errors', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
    assert.equal(scripts['prepack'], 'npm run clean && npm run build && node scripts/slim.js')
    assert.equal(scripts['postpack'], 'npm run clean && npm run build')
    assert.match(readFileSync('tsconfig.base.json', 'utf8'), /"noEmitOnError": true/)
  })
})

describe('the package', () => {
  let packed: Set<string>
  before(() => {
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    })
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
    packed = new Set(files.map(({ path }) => path))
  })

  it('has what a user imports, runs and reads, and nothing else', () => {
    for (const path of ['dist/index.js', 'dist/index.d.ts', 'dist/tools/recording.js', 'README.md', 'LICENSE'])
      assert(packed.has(path), path)
    const other = /^(dist\/.*\.(js|d\.ts)|[A-Z]+(\.md)?|package\.json)$/
    assert.deepEqual(
      [...packed].filter((path) => !other.test(path)),
      [],
    )
  })

  it('has what its documents lead to', () => {
    for (const path of packed)
      if (path.endsWith('.md'))
        for (const [, target] of readFileSync(path, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g))
          assert(packed.has(join(dirname(path), target!).replaceAll('\\', '/')), `${path}: ${target}`)
  })
})

describe('npm run test:file', () => {
  let mochaArguments: (args: string[]) => string[]
  before(
    async () => ({ mochaArguments } = (await script('mocha-arguments')) as { mochaArguments: typeof mochaArguments }),
  )

  const files = (args: string[]): string[] => mochaArguments(args).filter((arg) => !arg.startsWith('-'))

  it('runs the file named, and no other', () => {
    const compiled = 'build/test/errors.test.js'
    assert.deepEqual(files(['test/errors.test.ts']), [compiled])
    assert.deepEqual(files([resolve('test/errors.test.ts')]), [compiled])
    assert.deepEqual(files(['./build/test/errors.test.js', 'test/project/build.test.ts']), [
      compiled,
      'build/test/project/build.test.js',
    ])
  })

  it('as the configuration says, except for which files, with options on top', () => {
    const { timeout } = JSON.parse(readFileSync('.mocharc.json', 'utf8')) as { timeout: number }
    const args = mochaArguments(['--grep=x', 'test/errors.test.ts'])
    assert.equal(args[0], '--no-config')
    for (const arg of ['--require=build/test/setup.js', '--forbidOnly', `--timeout=${timeout}`, '--grep=x'])
      assert(args.includes(arg), arg)
    assert(!args.some((arg) => arg.startsWith('--spec') || arg.startsWith('--ignore')))
  })

  it('refuses what is no test file', () => {
    for (const [args, message] of [
      [[], /which file/],
      [['test/no-such.test.ts'], /no such file: test\/no-such\.test\.ts/],
      [['test/setup.ts'], /not a test file/],
      [['src/errors.ts'], /not a test file/],
      [['../other/test/errors.test.ts'], /not a test file/],
    ] as const)
      assert.throws(() => mochaArguments([...args]), message)
  })
})
