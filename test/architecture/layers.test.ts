// The layers hold: each kind of violation is planted and seen, and the repository has none. No file grows beyond what is read in one go.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ESLint } from 'eslint'

interface Imports {
  badImports(root?: string, folders?: string[]): Promise<string[]>
  zoneOf(file: string): string | undefined
}

const { badImports, zoneOf } = (await import(new URL('../../../scripts/imports.js', import.meta.url).href)) as Imports

const LINES = 400
const sources = (): string[] =>
  (readdirSync('src', { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file).replaceAll('\\', '/'))

describe('the layers', () => {
  it('hold: no import goes the wrong way, none in a cycle', async () => {
    assert.deepEqual(await badImports(), [])
  })

  describe('a planted import is seen', () => {
    let root: string
    beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'layers-'))))
    afterEach(() => rmSync(root, { recursive: true }))

    async function planted(files: Record<string, string>): Promise<string[]> {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, file)), { recursive: true })
        writeFileSync(join(root, file), text)
      }
      cpSync('package.json', join(root, 'package.json'))
      return badImports(root, [...new Set(Object.keys(files).map((file) => file.split('/')[0]!))])
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
      ['actors, cli', 'src/actors/a.ts', '../cli/b.js', /actors does not see cli/],
      ['a room, a binding', 'src/actors/vm/a.ts', '../../native/computecore/b.js', /rooms does not see windows/],
      ['a heart, a room', 'src/actors/vm/queue.ts', './actor.js', /hearts does not see rooms/],
      ['index, cli', 'src/index.ts', './cli/b.js', /index does not see cli/],
      ['the peer, the library', 'test/peer/a.ts', '../../src/errors.js', /peer does not see errors/],
      ['the peer, other tests', 'test/peer/a.ts', '../support/b.js', /peer does not see outside/],
      ['a test, a source', 'test/a.test.ts', '../src/errors.js', /outside does not see errors/],
      ['a folder without a zone', 'src/misc/a.ts', '../errors.js', /src\/misc\/a\.ts is in no zone/],
    ]
    for (const [what, file, target, message] of wrong)
      it(`${what}, though it be types alone`, async () => {
        const text = `import type { x } from '${target}'; export type y = x`
        assert.match((await planted({ ...other(file, target), [file]: text })).join('\n'), message)
      })

    for (const text of [
      "import '../native/clock.js'",
      "export * from '../native/clock.js'",
      "await import('../native/clock.js')",
    ])
      it(text, async () => {
        const file = 'src/protocol/a.ts'
        const bad = await planted({ ...other(file, '../native/clock.js'), [file]: text })
        assert.match(bad.join('\n'), /protocol does not see native/)
      })

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
      it(what, async () => assert.match((await planted({ [file]: text })).join('\n'), message))

    for (const kind of ['import', 'import type'])
      it(`a cycle of three: ${kind}`, async () => {
        const link = (to: string): string =>
          `${kind} { x as y } from './${to}.js'; export type x = typeof y; export const x = 1`
        const bad = await planted({
          'src/protocol/a.ts': link('b'),
          'src/protocol/b.ts': link('c'),
          'src/protocol/c.ts': link('a'),
        })
        assert.equal(bad.filter((line) => line.includes('a cycle')).length, 3, bad.join('\n'))
      })

    it('what may be is not taken for wrong', async () => {
      const files = {
        'src/errors.ts': "import { x } from './protocol/hresult.js'; export const y = x",
        'src/protocol/hresult.ts': 'export const x = 1',
        'src/native/computecore/a.ts': "import 'koffi'; import 'node:fs'; import '../../errors.js'",
      }
      assert.deepEqual(await planted(files), [])
    })
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
  const linter = new ESLint()

  /** Rules that a text breaks, taken for that file. */
  async function broken(file: string, text: string): Promise<string[]> {
    const [result] = await linter.lintText(text, { filePath: file })
    return result!.messages.map(({ ruleId, message }) => ruleId ?? message)
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
    it(`sees time, chance and channels that are not passed in: ${file}`, async () => {
      const { messages } = (await linter.lintText(SEAMS.map(([text]) => text).join('\n'), { filePath: file }))[0]!
      for (const [index, [text, rule]] of SEAMS.entries())
        assert(
          messages.some(({ line, ruleId }) => line === index + 1 && ruleId === rule),
          text,
        )
    })

  for (const file of ['src/cli/main.ts', 'src/native/computecore/service.ts', 'src/native/unix-socket/transport.ts'])
    it(`sees a timer that the clock has not set: ${file}`, async () => {
      assert.deepEqual(await broken(file, 'setTimeout(() => undefined, 1)'), ['no-restricted-globals'])
    })

  const TYPED: [text: string, rule: string][] = [
    ['export function f(p: Promise<void>): void { p }', '@typescript-eslint/no-floating-promises'],
    [
      'export async function f(): Promise<void> { await Promise.resolve() }; f()',
      '@typescript-eslint/no-floating-promises',
    ],
    ['export const f = (p: Promise<boolean>): number => (p ? 1 : 2)', '@typescript-eslint/no-misused-promises'],
    ["export function f(): never { throw 'text' }", '@typescript-eslint/only-throw-error'],
    ['export const f = async (a: string): Promise<string> => await a', '@typescript-eslint/await-thenable'],
    ["export const f = (a: string): string => a ?? ''", '@typescript-eslint/no-unnecessary-condition'],
  ]
  for (const [text, rule] of TYPED)
    it(`sees ${rule.replace('@typescript-eslint/', '')}: ${text}`, async () => {
      assert((await broken('src/actors/vm/queue.ts', text)).includes(rule))
    })
})
