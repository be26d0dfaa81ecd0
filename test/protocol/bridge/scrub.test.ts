// What is kept of a message: names and numbers stay, whatever may be secret does not.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { scrubBody, scrubText } from '#dist/protocol/bridge/scrub.js'

const SECRET = 'hunter2'

describe('scrubbed messages', () => {
  it('keeps what names things', () => {
    const body = {
      ContainerId: 'c1',
      Request: {
        RequestType: 'Add',
        ResourceType: 'CombinedLayers',
        Settings: { ContainerRootPath: '/r', Layers: [{ Id: 'i', Path: '/l' }], ReadOnly: true, Lun: 0 },
      },
      ProcessId: 7,
      TimeoutInMs: 4294967295,
    }
    assert.deepEqual(scrubBody(body), body)
  })

  it('looks into documents that are carried as text', () => {
    const nested = JSON.stringify({
      SchemaVersion: { Major: 2 },
      OciSpecification: { process: { cwd: '/', args: ['a'] } },
    })
    assert.deepEqual(scrubBody({ ContainerConfig: nested }), {
      ContainerConfig: {
        SchemaVersion: { Major: 2 },
        OciSpecification: { process: { cwd: '/', args: '[1 elements]' } },
      },
    })
    assert.deepEqual(scrubBody({ ProcessParameters: 'no JSON' }), { ProcessParameters: '[7 characters]' })
    assert.deepEqual(scrubBody({ Query: '"text"' }), { Query: '[4 characters]' })
  })

  for (const text of [
    'exec failed: {"env":["A=hunter2"]}',
    'exec: "hunter2": not found',
    "bad variable 'hunter2'",
    'bad variable A=hunter2',
    'line\nhunter2',
    `[hunter2]`,
    '`hunter2`',
  ]) {
    it(`of the error text ${JSON.stringify(text)} only the beginning stays`, () => {
      const kept = scrubText(text)
      assert(!kept.includes(SECRET), kept)
      assert(text.startsWith(kept.slice(0, -1)) && kept.endsWith('…'))
    })
  }

  it('of what a guest says in its own words only the size stays', () => {
    const said = 'failed to run login --password hunter2'
    const body = { Result: -1, ErrorMessage: said, ErrorRecords: [{ Result: -1, Message: said, ModuleName: 'gcs' }] }
    assert.deepEqual(scrubBody(body), {
      Result: -1,
      ErrorMessage: '[38 characters]',
      ErrorRecords: [{ Result: -1, Message: '[38 characters]', ModuleName: 'gcs' }],
    })
  })

  for (const [path, kept] of [
    ['https://a.blob.core.windows.net/c/b.vhd?sp=r&sig=hunter2%3D', 'https://a.blob.core.windows.net/c/b.vhd?…'],
    ['https://user:hunter2@host/x', 'https://…@host/x'],
    ['https://host/x#hunter2', 'https://host/x#…'],
    ['//server/share?hunter2', '//server/share?…'],
    ['C:\\uvm\\data@1.vhdx', 'C:\\uvm\\data@1.vhdx'],
  ] as const) {
    it(`of the path ${path} what opens it goes`, () => {
      assert.deepEqual(scrubBody({ HostPath: path, Layers: [{ Path: path }] }), {
        HostPath: kept,
        Layers: [{ Path: kept }],
      })
    })
  }

  it('an error text that quotes nothing stays', () => {
    const text = 'HRESULT 0x80004001: bridge: function not supported, header type: 270532865'
    assert.equal(scrubText(text), text)
  })

  it('text in members that are not known to name something never stays, wherever they are', () => {
    const open = [
      'Request',
      'Settings',
      'OciProcess',
      'process',
      'Container',
      'root',
      'Layers',
      'Options',
      'ErrorRecords',
    ]
    const secretKey = fc
      .oneof(
        fc.string(),
        fc.constantFrom('Environment', 'env', 'args', 'Cookie', 'annotations', '__proto__', 'constructor'),
      )
      .filter((key) => !open.includes(key) && !/^(Id|ID|Type|Path|type|path|cwd)$/.test(key))
    const leaf = fc.constantFrom<unknown>(
      SECRET,
      [SECRET],
      { a: SECRET },
      [[SECRET]],
      { Id: SECRET },
      JSON.stringify({ Id: SECRET }),
    )
    const level = fc.dictionary(secretKey, leaf)
    const nest = fc.array(fc.constantFrom(...open), { maxLength: 6 })
    fc.assert(
      fc.property(level, nest, fc.boolean(), (members, path, isArray) => {
        const body = path.reduce<unknown>((inner, name) => ({ [name]: isArray ? [inner] : inner }), members)
        const kept = JSON.stringify(scrubBody(body as Record<string, unknown>))
        assert(!kept.includes(SECRET), kept)
      }),
      { numRuns: 300 },
    )
  })

  it('a guest’s member named __proto__ is no prototype', () => {
    const kept = scrubBody(JSON.parse('{"__proto__":{"polluted":1},"Result":0}') as Record<string, unknown>)
    assert.equal((kept as { polluted?: number }).polluted, undefined)
    assert.equal(kept['Result'], 0)
  })

  it('is bounded: long names, many members, deep documents', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`m${index}`, index]))
    assert(JSON.stringify(scrubBody(many)).length < 1000)
    assert(JSON.stringify(scrubBody({ Id: 'x'.repeat(100_000) })).length < 100)
    let deep: object = {}
    for (let level = 0; level < 100; level++) deep = { Settings: deep }
    assert(JSON.stringify(scrubBody(deep as Record<string, unknown>)).length < 300)
    const list = { ProcessList: Array.from({ length: 5000 }, (_, ProcessId) => ({ ProcessId })) }
    assert(JSON.stringify(scrubBody(list)).length < 1500)
  })
})
