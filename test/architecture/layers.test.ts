// The layers hold: each kind of violation is planted and seen; that the repository has none, `npm run check` says, and the long tests. No
// file grows beyond what is read in one go.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ESLint, type Linter } from 'eslint'
import tseslint from 'typescript-eslint'

interface Imports {
  badImportsByCopy(root: string, copies: string[]): Promise<Map<string, string[]>>
  zoneOf(file: string): string | undefined
}

const { badImportsByCopy, zoneOf } = (await import(
  new URL('../../../scripts/imports.js', import.meta.url).href
)) as Imports

const LINES = 400
const sources = (): string[] =>
  (readdirSync('src', { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file).replaceAll('\\', '/'))

describe('the layers', () => {
  describe('a planted import is seen', () => {
    let root: string
    // Each case has a repository of its own in a folder of the root; all are read in one go, when the first case asks.
    const copies: string[] = []
    let bad: Promise<Map<string, string[]>> | undefined
    before(() => (root = mkdtempSync(join(tmpdir(), 'layers-'))))
    after(() => rmSync(root, { recursive: true }))

    function plant(title: string, files: Record<string, string>, check: (bad: string[]) => void): void {
      const copy = `copy-${copies.length}`
      copies.push(copy)
      before(() => {
        for (const [file, text] of Object.entries(files)) {
          mkdirSync(dirname(join(root, copy, file)), { recursive: true })
          writeFileSync(join(root, copy, file), text)
        }
        cpSync('package.json', join(root, copy, 'package.json'))
      })
      it(title, async () => check((await (bad ??= badImportsByCopy(root, copies))).get(copy)!))
    }

    /** What is imported must be there: imports are told by the file that they lead to. */
    const other = (file: string, target: string): Record<string, string> => ({
      [join(dirname(file), target).replaceAll('\\', '/').replace(/js$/, 'ts')]: 'export type x = 1',
    })

    const wrong: [what: string, file: string, target: string, message: RegExp][] = [
      ['protocol, native', 'src/protocol/a.ts', '../native/clock.js', /protocol does not see native/],
      ['protocol, by a detour', 'src/protocol/a.ts', '../builder/../native/clock.js', /protocol does not see native/],
      ['builder, native', 'src/builder/a.ts', '../native/clock.js', /builder does not see native/],
      ['builder, actors', 'src/builder/a.ts', '../actors/b.js', /builder does not see actors/],
      ['errors, protocol', 'src/errors.ts', './protocol/json.js', /errors does not see protocol/],
      ['native, actors', 'src/native/a.ts', '../actors/b.js', /native does not see actors/],
      ['a binding, actors', 'src/native/computecore/a.ts', '../../actors/b.js', /windows does not see actors/],
      ['simulated, a binding', 'src/native/simulated/a.ts', '../computecore/b.js', /simulated does not see windows/],
      ['actors, index', 'src/actors/a.ts', '../index.js', /actors does not see index/],
      ['actors, tools', 'src/actors/a.ts', '../tools/b.js', /actors does not see tools/],
      ['a room, a binding', 'src/actors/vm/a.ts', '../../native/computecore/b.js', /rooms does not see windows/],
      ['a heart, a room', 'src/actors/vm/queue.ts', './actor.js', /hearts does not see rooms/],
      ['index, tools', 'src/index.ts', './tools/b.js', /index does not see tools/],
      ['the command line, a source', 'packages/cli/src/a.ts', '../../../src/errors.js', /cli does not see errors/],
      ['index, the command line', 'src/index.ts', '../packages/cli/src/b.js', /index does not see cli/],
      ['the peer, the library', 'test/peer/a.ts', '../../src/errors.js', /peer does not see errors/],
      ['the peer, other tests', 'test/peer/a.ts', '../support/b.js', /peer does not see outside/],
      ['a test, a source', 'test/a.test.ts', '../src/errors.js', /outside does not see errors/],
      ['a folder without a zone', 'src/misc/a.ts', '../errors.js', /src\/misc\/a\.ts is in no zone/],
    ]
    for (const [what, file, target, message] of wrong)
      plant(
        `${what}, though it be types alone`,
        { ...other(file, target), [file]: `import type { x } from '${target}'; export type y = x` },
        (bad) => assert.match(bad.join('\n'), message),
      )

    for (const text of [
      "import '../native/clock.js'",
      "export * from '../native/clock.js'",
      "await import('../native/clock.js')",
    ])
      plant(text, { ...other('src/protocol/a.ts', '../native/clock.js'), 'src/protocol/a.ts': text }, (bad) =>
        assert.match(bad.join('\n'), /protocol does not see native/),
      )

    const outside: [what: string, file: string, text: string, message: RegExp][] = [
      ['Node.js in the protocol', 'src/protocol/a.ts', "import 'node:fs'", /protocol may have nothing of Node\.js/],
      [
        'its types too',
        'src/builder/a.ts',
        "import type { Stats } from 'node:fs'; export type X = Stats",
        /builder may have nothing/,
      ],
      ['without its prefix', 'src/protocol/a.ts', "import 'fs'", /protocol may have nothing of Node\.js/],
      ['imported when it runs', 'src/protocol/a.ts', "await import('node:fs'); export {}", /protocol may have nothing/],
      ['Node.js in a heart', 'src/actors/vm/queue.ts', "import 'node:events'", /hearts may have nothing of Node\.js/],
      ['files in a room', 'src/actors/gcs/a.ts', "import 'node:fs/promises'", /rooms may have events and stream/],
      ['threads in the simulation', 'src/native/simulated/a.ts', "import 'node:worker_threads'", /simulated may have/],
      ['koffi in the actors', 'src/actors/a.ts', "import 'koffi'", /actors does not use it/],
      [
        'koffi in the simulation',
        'src/native/simulated/a.ts',
        "await import('koffi'); export {}",
        /simulated does not use it/,
      ],
      [
        'koffi in the protocol',
        'src/protocol/a.ts',
        "import type { TypeObject } from 'koffi'; export type X = TypeObject",
        /protocol does not/,
      ],
    ]
    for (const [what, file, text, message] of outside)
      plant(what, { [file]: text }, (bad) => assert.match(bad.join('\n'), message))

    for (const kind of ['import', 'import type']) {
      const link = (to: string): string =>
        `${kind} { x as y } from './${to}.js'; export type x = typeof y; export const x = 1`
      plant(
        `a cycle of three: ${kind}`,
        { 'src/protocol/a.ts': link('b'), 'src/protocol/b.ts': link('c'), 'src/protocol/c.ts': link('a') },
        (bad) => assert.equal(bad.filter((line) => line.includes('a cycle')).length, 3, bad.join('\n')),
      )
    }

    plant(
      'what may be is not taken for wrong',
      {
        'src/errors.ts': "import { x } from './protocol/hresult.js'; export const y = x",
        'src/protocol/hresult.ts': 'export const x = 1',
        'src/native/computecore/a.ts': "import 'koffi'; import 'node:fs'; import '../../errors.js'",
      },
      (bad) => assert.deepEqual(bad, []),
    )
  })

  it('each source has a zone', () => {
    assert.deepEqual(
      sources().filter((file) => zoneOf(file) === undefined),
      [],
    )
  })

  it(`no source has more than ${LINES} lines, unless it is a table`, () => {
    const lines = (file: string): number => readFileSync(file, 'utf8').trimEnd().split('\n').length
    assert.deepEqual(
      sources().filter((file) => lines(file) > LINES && !file.includes('/generated/')),
      [],
    )
  })
})

describe('the linter', () => {
  /** Without types: a program for each text would take seconds, and these rules ask for none. */
  const untyped = new ESLint({ overrideConfig: tseslint.configs.disableTypeChecked as Linter.Config })

  /** With types, those of the text: where CI is set the linter would think that it runs once, and read the file in its place. */
  const typed = new ESLint({
    overrideConfig: { languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } } },
  })

  /** That each of the texts breaks its rule, all of them together taken for that file. */
  async function seesEach(linter: ESLint, file: string, texts: [text: string, rule: string][]): Promise<void> {
    const [result] = await linter.lintText(texts.map(([text]) => text).join('\n'), { filePath: file })
    for (const [index, [text, rule]] of texts.entries())
      assert(
        result!.messages.some(({ line, ruleId }) => line === index + 1 && ruleId === rule),
        `${rule} does not see: ${text}`,
      )
  }

  const SEAMS: [text: string, rule: string][] = [
    ['setTimeout(() => undefined, 1)', 'no-restricted-globals'],
    ['setInterval(() => undefined, 1)', 'no-restricted-globals'],
    ['setImmediate(() => undefined)', 'no-restricted-globals'],
    ['globalThis.setTimeout(() => undefined, 1)', 'no-restricted-properties'],
    ['export const t6 = performance.now()', 'no-restricted-globals'],
    ['export const t7 = Date.now()', 'no-restricted-properties'],
    ['export const { now } = Date', 'no-restricted-properties'],
    ['export const t9 = new Date()', 'no-restricted-syntax'],
    ['export const t10 = Date()', 'no-restricted-syntax'],
    ['export const r11 = Math.random()', 'no-restricted-properties'],
    ['export const r12 = crypto.randomUUID()', 'no-restricted-globals'],
    ["import { randomBytes } from 'node:crypto'; export const r13 = randomBytes(1)", 'no-restricted-imports'],
    ["import { setTimeout as sleep } from 'node:timers/promises'; export const s14 = sleep", 'no-restricted-imports'],
    ["import { performance as p } from 'node:perf_hooks'; export const s15 = p", 'no-restricted-imports'],
    ['export const c16 = new MessageChannel()', 'no-restricted-globals'],
    ["import { MessageChannel as C } from 'node:worker_threads'; export const c17 = new C()", 'no-restricted-imports'],
    ['export const s18 = AbortSignal.timeout(5)', 'no-restricted-properties'],
    ['export const w19 = (c: Int32Array) => Atomics.waitAsync(c, 0, 0)', 'no-restricted-properties'],
    ['export const h20 = process.hrtime()', 'no-restricted-properties'],
  ]
  const REPEATING = [
    'src/protocol/guid.ts',
    'src/builder/builder.ts',
    'src/options/table.ts',
    'src/native/hcs.ts',
    'src/native/simulated/guests/kernel.ts',
    'src/actors/host.ts',
    'src/actors/vm/proxy.ts',
    'src/actors/mailbox/caller.ts',
    'src/actors/threads/threads.ts',
  ]
  for (const file of REPEATING)
    it(`sees time, chance and channels that are not passed in: ${file}`, () => seesEach(untyped, file, SEAMS))

  for (const file of [
    'packages/cli/src/main.ts',
    'src/tools/recording.ts',
    'src/native/computecore/service.ts',
    'src/native/unix-socket/transport.ts',
  ])
    it(`sees a timer that the clock has not set: ${file}`, () => seesEach(untyped, file, SEAMS.slice(0, 1)))

  it('sees promises that nobody waits for, and conditions that are none', () =>
    seesEach(typed, 'src/actors/vm/queue.ts', [
      ['export function f1(p: Promise<void>): void { p }', '@typescript-eslint/no-floating-promises'],
      [
        'export async function f2(): Promise<void> { await Promise.resolve() }; f2()',
        '@typescript-eslint/no-floating-promises',
      ],
      ['export const f3 = (p: Promise<boolean>): number => (p ? 1 : 2)', '@typescript-eslint/no-misused-promises'],
      ["export function f4(): never { throw 'text' }", '@typescript-eslint/only-throw-error'],
      ['export const f5 = async (a: string): Promise<string> => await a', '@typescript-eslint/await-thenable'],
      ["export const f6 = (a: string): string => a ?? ''", '@typescript-eslint/no-unnecessary-condition'],
    ]))
})
