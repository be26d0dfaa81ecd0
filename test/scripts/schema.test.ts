import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = new URL('../../../', import.meta.url)
const SCRIPT = fileURLToPath(new URL('scripts/schema/main.js', ROOT))
const PROTOCOL = 'src/protocol'
const GENERATED = `${PROTOCOL}/schema/generated`

interface Reader {
  readSchema: (sources: Map<string, string>) => {
    schema: {
      documents: Map<string, { file: string; rows: string[] }>
      enumerations: Map<string, { file: string; words: string[] | undefined }>
    }
    problems: string[]
  }
}

interface Generator {
  generate: (root: string) => Promise<{ problems: string[]; wrote: string | undefined }>
}

const { readSchema } = (await import(new URL('scripts/schema/read.js', ROOT).href)) as Reader
const { generate } = (await import(new URL('scripts/schema/generate.js', ROOT).href)) as Generator

const IMPORTS = `
  import type { Always, AlwaysOrNull, Base64, DateTime, Float64, Guid, GuidKey, Int32, Int64, Int64Key, JsonText, UInt16, UInt32 }
    from './primitives.js'
  import type { UInt32Key, UInt64, UInt8, UInt8Key } from './primitives.js'
`

/** Reads one file of the schema's folder. */
function read(text: string, more: Record<string, string> = {}): ReturnType<Reader['readSchema']> {
  return readSchema(new Map(Object.entries({ [`${PROTOCOL}/schema/a.ts`]: IMPORTS + text, ...more })))
}

function rowsOf(text: string, name = 'A', more: Record<string, string> = {}): string[] | undefined {
  const { schema, problems } = read(text, more)
  assert.deepEqual(problems, [])
  return schema.documents.get(name)?.rows
}

describe('the generator of the schema', () => {
  it('each alias, shape and mark has its row', () => {
    for (const [type, row] of [
      ['string | undefined', ':string'],
      ['boolean | undefined', ':boolean'],
      ['unknown', ':any'],
      ['UInt8 | undefined', ':uint8'],
      ['UInt16 | undefined', ':uint16'],
      ['UInt32 | undefined', ':uint32'],
      ['UInt64 | undefined', ':uint64'],
      ['Int32 | undefined', ':int32'],
      ['Int64 | undefined', ':int64'],
      ['Float64 | undefined', ':float64'],
      ['Guid | undefined', ':guid'],
      ['DateTime | undefined', ':datetime'],
      ['JsonText | undefined', ':json'],
      ['Base64 | undefined', ':base64'],
      ['Always<UInt32>', '!:uint32'],
      ['AlwaysOrNull<B>', '!?:B'],
      ['AlwaysOrNull<unknown>', '!?:any'],
      ['B[] | undefined', ':B[]'],
      ['unknown[] | undefined', ':any[]'],
      ['Always<[UInt64, UInt64]>', '!:uint64[2]'],
      ['Record<string, string> | undefined', ':string{}'],
      ['Record<UInt8Key, B> | undefined', ':B{uint8}'],
      ['Record<UInt32Key, B> | undefined', ':B{uint32}'],
      ['Record<Int64Key, B> | undefined', ':B{int64}'],
      ['Record<GuidKey, B> | undefined', ':B{guid}'],
      ['Words | undefined', ':Words'],
    ] as const) {
      const rows = rowsOf(`
        export interface A { Name?: ${type} }
        export interface B {}
        export const Words = ['x'] as const
        export type Words = (typeof Words)[number] | (string & {})
      `)
      assert.deepEqual(rows, [`Name${row}`], type)
    }
  })

  it('members keep their order, and those taken over go first', () => {
    const text = `
      export interface A extends Base { z?: boolean | undefined; 'io.x'?: boolean | undefined; a?: boolean | undefined }
      export interface Base { m?: string | undefined }
      export type Other = A
      export type Empty = Record<string, never>
    `
    for (const name of ['A', 'Other']) {
      assert.deepEqual(rowsOf(text, name), ['m:string', 'z:boolean', 'io.x:boolean', 'a:boolean'])
    }
    assert.deepEqual(rowsOf(text, 'Empty'), [])
  })

  it('a document may be declared in any file of the protocol, where it is tagged', () => {
    const other = `
      import type { Layer } from '../schema/index.js'
      import type { UInt8 } from '../schema/primitives.js'
      /** @schema */
      export interface Settings { Lun?: UInt8 | undefined; Mode?: Mode | undefined; Layers?: Layer[] | undefined }
      /** @schema */
      export const Mode = ['On', 'Off'] as const
      export type Mode = (typeof Mode)[number] | (string & {})
      export interface NoDocument { run(): void }
      export const settings = { path: 'x' }
    `
    const file = `${PROTOCOL}/resources/b.ts`
    const { schema, problems } = readSchema(
      new Map([
        [file, other],
        [`${PROTOCOL}/schema/a.ts`, 'export interface Layer {}'],
      ]),
    )
    assert.deepEqual(problems, [])
    assert.deepEqual(schema.documents.get('Settings'), { file, rows: ['Lun:uint8', 'Mode:Mode', 'Layers:Layer[]'] })
    assert.deepEqual([...schema.enumerations], [['Mode', { file, words: ['On', 'Off'] }]])
  })

  it('what the tables cannot say is refused, and file and member named', () => {
    const files = {
      [`${PROTOCOL}/schema/b.ts`]: 'export interface Taken {}',
      [`${PROTOCOL}/exit.ts`]: 'export type Exit = string',
    }
    for (const [text, problem] of [
      ['export interface A { n?: number | undefined }', /a\.ts: A\.n: number does not say how wide; use UInt8, /],
      ['export interface A { n?: bigint | undefined }', /a\.ts: A\.n: bigint does not say how wide/],
      ['export interface A { n: UInt8 }', /a\.ts: A\.n: every member is optional/],
      ['export interface A { n?: UInt8 }', /a\.ts: A\.n: UInt8: expected `X \| undefined`/],
      ['export interface A { n?: UInt8 | null }', /a\.ts: A\.n: .* expected `X \| undefined`/],
      ['export interface A { n?: UInt8 | string | undefined }', /a\.ts: A\.n: .* expected `X \| undefined`/],
      ["export interface A { n?: 'x' | undefined }", /a\.ts: A\.n: the tables cannot hold 'x'/],
      ['export interface A { n?: Date | undefined }', /a\.ts: A\.n: Date is no primitive, enumeration or exported/],
      ['export interface A { n?: Array<string> | undefined }', /a\.ts: A\.n: the tables cannot hold Array<string>/],
      ['export interface A { n?: string[][] | undefined }', /a\.ts: A\.n: the tables cannot hold string\[\]/],
      ['export interface A { n?: { x: string } | undefined }', /a\.ts: A\.n: the tables cannot hold/],
      ['export interface A { n?: [UInt8, UInt16] | undefined }', /a\.ts: A\.n: a tuple is of one type/],
      ['export interface A { n?: Record<number, string> | undefined }', /a\.ts: A\.n: the key of a Record is one of/],
      ['export interface A { readonly n?: string | undefined }', /a\.ts: A\.n: a member has no modifiers/],
      ["export interface A { 'a b'?: string | undefined }", /a\.ts: A\.'a b': the tables cannot hold such a name/],
      ['export interface A { n? }', /a\.ts: A\.n: the type is missing/],
      ['export interface A { n?(): void }', /a\.ts: A\.n: a document has members with a type, nothing else/],
      ['export interface A { [name: string]: unknown }', /a\.ts: A\.\[name: string\]: unknown: a document has members/],
      ['export interface A<T> { n?: string | undefined }', /a\.ts: A: a document has no type parameters/],
      ['export interface A extends A {}', /a\.ts: A: takes over its own members/],
      ['export interface A extends Nothing {}', /a\.ts: A: Nothing is no primitive, enumeration or exported/],
      ['export interface A extends UInt8 {}', /a\.ts: A: UInt8 has no members to take over/],
      [
        'export interface B { n?: string | undefined }; export interface A extends B { n?: string | undefined }',
        /a\.ts: A\.n: a member of that name is taken over already/,
      ],
      ["export type A = 'x' | 'y'", /a\.ts: A: 'x' \| 'y' is no document; write an interface, or an enumeration/],
      ['export interface Taken {}', /b\.ts: Taken: src\/protocol\/schema\/a\.ts has one of that name already/],
      [
        'interface B {}; export interface A { n?: B | undefined }',
        /a\.ts: A\.n: B is no primitive, enumeration or exp/,
      ],
      ['export interface A { n?: Taken | undefined }', /a\.ts: A\.n: Taken must be the one declared in .*b\.ts/],
      [
        "import type { Taken } from '../exit.js'; export interface A { n?: Taken | undefined }",
        /a\.ts: A\.n: Taken must be the one declared in .*b\.ts/,
      ],
      [
        "import type { Taken as B } from './b.js'; export interface A { n?: B | undefined }",
        /a\.ts: A\.n: B is no primitive/,
      ],
      ['export const E = ["x"]; export type E = string', /a\.ts: E: the constant of an enumeration ends in `as const`/],
      [
        'export const E = ["x"] as const; export type E = "x"',
        /a\.ts: E: its type must be `\(typeof E\)\[number\] \| /,
      ],
      ['export const E = { x: 1 } as const; export type E = 1', /a\.ts: E: its type must be `number`/],
      [
        'export const E = { x: "y" } as const; export type E = number',
        /a\.ts: E: an enumeration is a list of words or/,
      ],
      [
        'const E = ["x"] as const; export type E = string',
        /a\.ts: E: constant and type of an enumeration are exported/,
      ],
      [
        'export const E = ["x", "x"] as const; export type E = (typeof E)[number] | (string & {})',
        /a\.ts: E: a word stands twice/,
      ],
    ] as const) {
      const { problems } = read(text, files)
      assert.equal(problems.length, 1, `${text}: ${problems.join('; ')}`)
      assert.match(problems[0]!, problem)
    }
    const { problems } = readSchema(new Map([[`${PROTOCOL}/r.ts`, '/** @schema */\ninterface A {}']]))
    assert.deepEqual(problems, ['src/protocol/r.ts: A: a document is exported'])
  })

  describe('over a folder', () => {
    let root: string
    const command = (): Promise<{ stdout: string }> => promisify(execFile)(process.execPath, [SCRIPT, root])
    const written = async (): Promise<string | undefined> => {
      const { problems, wrote } = await generate(root)
      assert.deepEqual(problems, [])
      return wrote
    }
    const generated = (name: string): string => path.join(root, GENERATED, name)

    before(async () => {
      root = await mkdtemp(path.join(tmpdir(), 'schema-'))
      await mkdir(path.join(root, PROTOCOL), { recursive: true })
    })
    beforeEach(() => cp(fileURLToPath(new URL(PROTOCOL, ROOT)), path.join(root, PROTOCOL), { recursive: true }))
    after(() => rm(root, { recursive: true, force: true }))

    it('what the build made of this repository is current, and is left alone', async () => {
      const before = await Promise.all(['tables.ts', 'exports.ts'].map((name) => stat(generated(name))))
      assert.equal((await command()).stdout, '')
      const after = await Promise.all(['tables.ts', 'exports.ts'].map((name) => stat(generated(name))))
      assert.deepEqual(
        after.map(({ mtimeMs }) => mtimeMs),
        before.map(({ mtimeMs }) => mtimeMs),
      )
    })

    it('a member renamed in its interface is renamed in the tables', async () => {
      const file = path.join(root, PROTOCOL, 'schema/devices.ts')
      await writeFile(file, (await readFile(file, 'utf8')).replace('ExtensibleVirtualDiskType?', 'Renamed?'))
      assert.match((await written())!, /^\d+ documents, \d+ enumerations$/)
      const tables = await readFile(generated('tables.ts'), 'utf8')
      assert.match(tables, / Renamed:string/)
      assert.doesNotMatch(tables, /ExtensibleVirtualDiskType/)
    })

    it('what is declared elsewhere is exported apart from the schema of the folder', async () => {
      const file = path.join(root, PROTOCOL, 'guest-resources/new.ts')
      await writeFile(file, '/** @schema */\nexport interface NewSettings {\n  Path?: string | undefined\n}\n')
      await written()
      const text = await readFile(generated('elsewhere.ts'), 'utf8')
      assert.match(text, /export \{\n {2}type NewSettings,\n\} from '\.\.\/\.\.\/guest-resources\/new\.js'\n$/)
      assert.doesNotMatch(await readFile(generated('exports.ts'), 'utf8'), /NewSettings/)
      await rm(file)
    })

    it('a generated file that was edited or lost is written anew', async () => {
      const before = await readFile(generated('tables.ts'), 'utf8')
      await writeFile(generated('tables.ts'), before.replace('Owner:string', 'Owner:uint8'))
      await rm(generated('exports.ts'))
      await written()
      assert.equal(await readFile(generated('tables.ts'), 'utf8'), before)
      assert.match(await readFile(generated('exports.ts'), 'utf8'), /type ComputeSystem,/)
    })

    it('fails and writes nothing when an interface says what the tables cannot', async () => {
      const file = path.join(root, PROTOCOL, 'schema/devices.ts')
      const before = await readFile(generated('tables.ts'), 'utf8')
      await writeFile(file, `${await readFile(file, 'utf8')}\nexport interface Odd { n?: number | undefined }\n`)
      await assert.rejects(command(), (error: Error & { code?: unknown; stderr?: string }) => {
        assert.equal(error.code, 1)
        assert.match(error.stderr!, /src\/protocol\/schema\/devices\.ts: Odd\.n: number does not say how wide/)
        return true
      })
      assert.equal(await readFile(generated('tables.ts'), 'utf8'), before)
    })
  })
})
