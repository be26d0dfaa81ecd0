// What is published: small, without tests, and as good as what was built.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { runNode } from '../support/child.js'

/** Largest package as it travels, bytes. */
const MOST_BYTES = 500_000

const FOLDER = 'build/slim'

interface Slim {
  slim(folder: string): void
  declared(root: string): string[]
  withoutMap(text: string): string
  withoutComments(text: string): string
  withoutInternals(text: string): string
}

function pack(folder: string): { size: number; files: { path: string }[] } {
  const options = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { stdout } = spawnSync('npm', options, { cwd: folder, encoding: 'utf8' })
  return (JSON.parse(stdout) as [ReturnType<typeof pack>])[0]
}

describe('the published package', () => {
  let scripts: Slim
  let packed: string[]

  before(async () => {
    scripts = (await import(new URL('../../../scripts/slim.js', import.meta.url).href)) as Slim
    packed = pack('.').files.map(({ path }) => path)
    rmSync(FOLDER, { recursive: true, force: true })
    for (const path of packed) cpSync(path, join(FOLDER, path))
    scripts.slim(join(FOLDER, 'dist'))
  })
  after(() => rmSync(FOLDER, { recursive: true, force: true }))

  it('is small', () => {
    const { size } = pack(FOLDER)
    assert(size < MOST_BYTES, `${size} bytes`)
  })

  it('has no tests and nothing of the build', () => {
    assert.deepEqual(
      packed.filter((path) => /(^|[/.-])tests?[/.]|(^|\/)(bench|build|node_modules|target)\//.test(path)),
      [],
    )
  })

  it('loads, and runs a VM in threads', () => {
    const program = `
      import { Host, lcowBuilder } from '${new URL(`../../../${FOLDER}/dist/index.js`, import.meta.url).href}'
      const host = await Host.open({ threads: 1 })
      const vm = await host.createVM('a', lcowBuilder('package'))
      const guest = await host.createGuest(vm)
      await vm.start()
      await guest.createConnection()
      console.log(await guest.execInUVM({ args: ['sh', '-c', 'exit 7'] }))
      await host.close()`
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    assert.deepEqual([ended.stdout, ended.stderr, ended.status], ['7\n', '', 0])
  })

  it('has its command, with the line that makes it one', async () => {
    const bin = Object.values((JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> }).bin)
    for (const path of bin) {
      const file = join(FOLDER, path)
      assert.match(readFileSync(file, 'utf8'), /^#!\/usr\/bin\/env node\n/)
      assert.equal((await runNode(file, { args: ['--no-such-option'] })).code, 2)
    }
  })

  it('has every declaration that its exports lead to', () => {
    const entries = scripts.declared(FOLDER)
    assert.deepEqual(
      entries.map((path) => path.slice(FOLDER.length)),
      ['index', 'control/index', 'testing/index', 'worker', 'tools/index'].map((name) => `/dist/${name}.d.ts`),
    )
    for (const entry of entries) assert(existsSync(entry), `${entry} is missing`)
    const program = ts.createProgram(entries, {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.es2024.sharedmemory.d.ts', 'lib.esnext.disposable.d.ts'],
      types: ['node'],
      strict: true,
      noEmit: true,
    })
    const files = program.getSourceFiles().filter(({ fileName }) => fileName.includes(`${FOLDER}/`))
    assert(files.length > 50)
    const said = files.flatMap((file) => program.getSemanticDiagnostics(file))
    assert.deepEqual(
      said.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')),
      [],
    )
  })

  it('declares nothing internal, and imports nothing for it', () => {
    const declared = [
      "import { type A, B } from './a.js';",
      "import type { C } from './c.js';",
      'export declare class Kept {',
      '    /** @internal made by others */',
      '    constructor(c: C);',
      '    /** Told: A. */',
      '    of(b: B): void;',
      '    /** @internal */',
      '    inside(a: A): void;',
      '}',
    ]
    assert.deepEqual(scripts.withoutInternals(declared.join('\n')).split('\n'), [
      "import { B } from './a.js';",
      'export declare class Kept {',
      '    private constructor();',
      '    /** Told: A. */',
      '    of(b: B): void;',
      '}',
    ])
    for (const path of packed.filter((path) => path.endsWith('.d.ts') && existsSync(join(FOLDER, path))))
      assert.doesNotMatch(readFileSync(join(FOLDER, path), 'utf8'), /^ *(\/\*)?\*.*@internal/m, path)
  })

  it('keeps the spaces without which tokens would be others', () => {
    const code = 'const a = b + +c - -d / /e/g . f in 1 .g; async (x) => { return typeof x ? .5 : y ?? #z in w }'
    assert.equal(
      scripts.withoutComments(code),
      'const a=b+ +c- -d/ /e/g.f in 1 .g;async(x)=>{return typeof x? .5:y??#z in w}',
    )
  })

  it('names no source map that is not there, nor does a package that stands on it', () => {
    const folders = readdirSync('packages').map((name) => `packages/${name}`)
    for (const [at, folder] of folders.entries()) {
      const copy = `${FOLDER}/package-${at}`
      for (const { path } of pack(folder).files) cpSync(join(folder, path), join(copy, path))
      scripts.slim(join(copy, 'dist'))
    }
    const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const paths = files.map(({ parentPath, name }) => join(parentPath, name))
    assert.deepEqual(
      paths.filter((path) => path.endsWith('.map')),
      [],
    )
    const naming = paths.filter(
      (path) => /\.(js|ts)$/.test(path) && /^\/\/# sourceMappingURL/m.test(readFileSync(path, 'utf8')),
    )
    assert.deepEqual(naming, [])
  })

  it('is what publint and are-the-types-wrong ask for', async function () {
    const { publint } = await import('publint')
    const { messages } = await publint({ pkgDir: FOLDER, strict: true, pack: 'npm' })
    assert.deepEqual(messages, [])
    const { stdout } = spawnSync('npm', ['pack', '--json', '--ignore-scripts'], { cwd: FOLDER, encoding: 'utf8' })
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    const args = ['--profile', 'esm-only', '--no-emoji', '--no-color', join(FOLDER, filename)]
    const attw = await runNode('node_modules/@arethetypeswrong/cli/dist/index.js', { args })
    rmSync(join(FOLDER, filename))
    assert.equal(attw.code, 0, attw.stdout + attw.stderr)
  })

  it('keeps what only looks like a comment', () => {
    const kept = scripts.withoutComments(
      '#!/usr/bin/env node\n// gone\nconst a = "// kept" /* gone */ + `\n   // kept ${/* gone */ 1 /* gone */} /* kept */ \n` + /[/*]/.source\n',
    )
    assert.equal(kept, '#!/usr/bin/env node\nconst a="// kept"+`\n   // kept ${1} /* kept */ \n`+ /[/*]/.source\n')
  })
})
