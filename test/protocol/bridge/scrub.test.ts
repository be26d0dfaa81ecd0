// What is kept of a message: names and numbers stay, whatever may be secret does not.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { scrubJson } from '#dist/protocol/bridge/scrub-json.js'
import { scrubText } from '#dist/protocol/bridge/scrub.js'

const SECRET = 'hunter2'

function scrubBody(body: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(scrubJson(JSON.stringify(body))) as Record<string, unknown>
}

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
    assert.deepEqual(scrubBody({ ContainerConfig: '{"a":1} hunter2' }), { ContainerConfig: '[15 characters]' })
    assert.deepEqual(scrubBody({ Query: '"text"' }), { Query: '[6 characters]' })
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
    assert.deepEqual(Object.keys(kept), ['…', 'Result'])
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

  it('a message without secrets is kept as it is, to the byte', () => {
    for (const text of [
      '{"ContainerId":"c1","Request":{"Settings":{"MountPath":"/m","Lun":1}}}',
      ' { "Id" : [ 1.5e3 , "a" ] , "Layers" : [ { "Type" : null } ] , "other" : -0 } ',
      '{"RESULT":0,"layers":[],"Layers":[{}]}',
    ]) {
      assert.equal(scrubJson(text), text)
    }
  })

  it('whatever the names, the order and the white space, what is kept is JSON without the secret', () => {
    const name = fc.oneof(
      fc.constantFrom('Request', 'settings', 'LAYERS', 'Id', 'iD', 'Path', 'Query', 'ResultInfo', 'ContainerConfig'),
      fc.constantFrom('Environment', 'args', '__proto__', 'ENV', 'a"b', '\\', '', 'x'.repeat(41), 'ſettings', 'aÜ'),
    )
    const { value } = fc.letrec((tie) => ({
      leaf: fc.constantFrom(1, -1.5, 1e30, true, null, '', 'a"\\', `${SECRET}"`, `\u2028${SECRET}`, '?', '[', '}'),
      list: fc.array(tie('value'), { maxLength: 36, size: 'medium' }),
      object: fc.array(fc.tuple(name, tie('value')), { maxLength: 36 }).map((pairs) => Object.fromEntries(pairs)),
      carried: tie('object').map((object) => JSON.stringify(object)),
      cut: fc.tuple(tie('carried'), fc.nat(40)).map(([text, at]) => (text as string).slice(0, at)),
      value: fc.oneof({ maxDepth: 5 }, tie('leaf'), tie('list'), tie('object'), tie('carried'), tie('cut')),
    }))
    const names = new Set(['id', 'path'])
    const withoutNames = (one: unknown): unknown => {
      if (Array.isArray(one)) return one.map(withoutNames)
      if (typeof one !== 'object' || one === null) return one
      return Object.entries(one).flatMap(([key, inner]) => (names.has(key.toLowerCase()) ? [] : [withoutNames(inner)]))
    }
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.constantFrom(undefined, 1, '\t'), (body, space) => {
        const kept: unknown = JSON.parse(scrubJson(JSON.stringify(body, undefined, space)))
        assert(!JSON.stringify(withoutNames(kept)).includes(SECRET))
      }),
      { numRuns: 300 },
    )
  })

  it('notes say how much there was', () => {
    assert.deepEqual(
      scrubBody({
        a: [1, [2, 3], {}],
        b: { x: 1, y: [1, 2] },
        c: 'ü"\n',
        d: [],
        e: {},
        Id: [['a', 'b']],
        Layers: ['x'],
      }),
      {
        a: '[3 elements]',
        b: '[2 members]',
        c: '[3 characters]',
        d: '[0 elements]',
        e: '[0 members]',
        Id: ['[2 elements]'],
        Layers: ['[1 characters]'],
      },
    )
    const { Layers } = scrubBody({ Layers: Array.from({ length: 40 }, (_, Lun) => ({ Lun })) })
    assert.equal((Layers as unknown[]).length, 33)
    assert.equal((Layers as unknown[])[32], '[8 more]')
  })
})
