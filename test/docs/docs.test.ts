// The repository stands alone: what its documents and comments refer to is here, and its cases are stated and proved.

import assert from 'node:assert/strict'
import {
  agentsThatDie,
  anchorsOf,
  brokenLinks,
  mentionedCases,
  readRepository,
  statedCases,
  titledCases,
  unknownDocuments,
  unknownSources,
  type Files,
} from './repository.js'

describe('documents', () => {
  let files: Map<string, string>

  before(() => {
    files = readRepository()
    // This one names on purpose what does not exist.
    files.delete('test/docs/docs.test.ts')
  })

  /** The findings in a file that is planted beside the rest. */
  function planted(find: (files: Files) => string[], path: string, text: string): string[] {
    return find(new Map([...files, [path, text]])).filter((finding) => finding.startsWith(`${path}: `))
  }

  it('have no link that leads nowhere', () => assert.deepEqual(brokenLinks(files), []))

  it('name no document that the repository lacks, nor does any source; sections exist', () => {
    assert.deepEqual(unknownDocuments(files), [])
  })

  it('name no source that does not exist', () => assert.deepEqual(unknownSources(files), []))

  it('start Linux guests so that their agent outlives its log', () => {
    assert.deepEqual(agentsThatDie(files), [])
    for (const words of ['', "KernelCmdLine: 'quiet'", "KernelCmdLine: '-- -e 1 /bin/vsockexec -e 109 /bin/gcs'"]) {
      const text = `builder.setLinuxKernelDirectBoot({ KernelFilePath: 'k', ${words} })`
      assert.equal(planted(agentsThatDie, 'examples/new.ts', text).length, 1, words)
    }
  })

  it('a broken link is found, whether file or section is missing', () => {
    const text =
      '[a](docs/no.md) [b](docs/hcs.md#no) [c](#no) [d](docs/hcs.md#states) [e](https://x/y.md)\n# Yes\n[f](#yes)\n' +
      '[g](https://github.com/uvm-actors/uvm-actors/blob/main/docs/gone.md#x)'
    assert.deepEqual(planted(brokenLinks, 'NEW.md', text), [
      'NEW.md: docs/no.md: there is no such file',
      'NEW.md: docs/hcs.md#no: docs/hcs.md has no section #no',
      'NEW.md: #no: NEW.md has no section #no',
      'NEW.md: https://github.com/uvm-actors/uvm-actors/blob/main/docs/gone.md#x: there is no such file',
    ])
  })

  it('a document that is not here is found in a comment', () => {
    const text = '// See elsewhere.md 4.2, docs/hcs.md#states and elsewhere/deep.md#x'
    assert.deepEqual(planted(unknownDocuments, 'src/new.ts', text), [
      'src/new.ts: elsewhere.md: there is no such file',
      'src/new.ts: elsewhere/deep.md#x: there is no such file',
    ])
  })

  it('a source that is not here is found in a document', () => {
    const text = '`src/no/where.ts` `hcs.ts` `src/native` `vm/none.ts` `none.c`'
    assert.deepEqual(planted(unknownSources, 'NEW.md', text), [
      'NEW.md: src/no/where.ts',
      'NEW.md: vm/none.ts',
      'NEW.md: none.c',
    ])
  })

  it('anchors are those that GitHub makes', () => {
    const text = '# One, two: `three`\n## A-b c_d\n```\n# no heading\n```\n## One two three\n## One two three\n'
    assert.deepEqual([...anchorsOf(text)], ['one-two-three', 'a-b-c_d', 'one-two-three-1', 'one-two-three-2'])
  })
})

describe('cases', () => {
  let files: Files

  before(() => (files = readRepository()))

  it('are stated once', () => {
    const stated = statedCases(files)
    assert.ok(stated.length > 200)
    assert.deepEqual(
      stated.filter((id, index) => stated.indexOf(id) !== index),
      [],
    )
  })

  it('that titles of tests name are stated, and what is stated is named by a title', () => {
    const stated = new Set(statedCases(files))
    const titled = titledCases(files)
    const unstated = [...titled].filter((id) => !stated.has(id))
    const unproved = [...stated].filter((id) => !titled.has(id))
    assert.deepEqual({ unstated, unproved }, { unstated: [], unproved: [] })
  })

  it('that are mentioned anywhere are stated', () => {
    const stated = new Set(statedCases(files))
    assert.deepEqual(
      [...mentionedCases(files)].filter(([id]) => !stated.has(id)),
      [],
    )
  })

  it('are found in titles and in tables of titles, and not in comments', () => {
    const id = (number: number): string => `HCS-${900 + number}`
    const text = [
      `it('${id(1)} is', () => {})`,
      `describe.skip(\`${id(2)} and \${x}\`, () => {})`,
      `for (const [title] of [['${id(3)} in a row']]) it(title, () => {})`,
      `// it('${id(4)} was', () => {})`,
      `assert.equal(x, '${id(5)}')`,
    ].join('\n')
    const found = titledCases(new Map([['test/new.test.ts', text]]))
    assert.deepEqual([...found], [id(1), id(2), id(3)])
  })
})
