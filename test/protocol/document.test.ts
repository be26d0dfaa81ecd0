import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkDocument, copyDocument, DocumentError, serialiseDocument } from '#dist/protocol/document.js'
import { enumWords, fieldsOf, isNumericEnum, typeNames, type TypeName } from '#dist/protocol/schema/field-table.js'
import { linux, windows } from '../support/documents.js'

const PRIMITIVES = new Set(
  'uint8 uint16 uint32 uint64 int8 int16 int32 int64 float64 string boolean guid datetime any json base64'.split(' '),
)

describe('the schema at run time', () => {
  it('every member is of a primitive, an enumeration or another type', () => {
    for (const type of typeNames()) {
      for (const { name, of } of fieldsOf(type) ?? assert.fail(type)) {
        const known =
          PRIMITIVES.has(of) || fieldsOf(of) !== undefined || enumWords(of) !== undefined || isNumericEnum(of)
        assert(known, `${type}.${name} is of unknown type ${of}`)
      }
    }
    assert(typeNames().length > 300)
    for (const name of ['Nothing', '__proto__', 'constructor', 'toString']) assert.equal(fieldsOf(name), undefined)
  })

  it('no type has a member twice', () => {
    for (const type of typeNames()) {
      const names = fieldsOf(type)!.map(({ name }) => name)
      assert.equal(new Set(names).size, names.length, type)
    }
  })
})

describe('serialising a document', () => {
  it('members go in schema order, and what the schema does not know at the end, in the order given', () => {
    assert.equal(
      serialiseDocument('ComputeSystem', {
        Zeta: 1,
        VirtualMachine: { Alpha: {}, Chipset: {}, StopOnReset: true },
        Owner: 'me',
        beta: [{ Uefi: 1 }],
      }),
      '{"Owner":"me","VirtualMachine":{"StopOnReset":true,"Chipset":{},"Alpha":{}},"Zeta":1,"beta":[{"Uefi":1}]}',
    )
  })

  it('undefined is left out; 0, false, empty text and null are sent as given', () => {
    assert.equal(
      serialiseDocument('VirtualMachineMemory', {
        SizeInMB: 0,
        AllowOvercommit: false,
        Backing: '',
        EnableHotHint: undefined,
        SlitType: null,
      }),
      '{"SizeInMB":0,"Backing":"","AllowOvercommit":false,"SlitType":null}',
    )
  })

  it('what is always on the wire is filled in', () => {
    const numa = serialiseDocument('NumaProcessors', { node_per_socket: 2 })
    assert.equal(numa, '{"count_per_node":{},"node_per_socket":2}')
    const always = typeNames().flatMap((type) =>
      fieldsOf(type)!
        .filter((field) => field.always)
        .map((f) => [type, f] as const),
    )
    assert(always.length > 50)
    for (const [type, field] of always) {
      const document = JSON.parse(serialiseDocument(type, {})) as Record<string, unknown>
      assert(Object.hasOwn(document, field.name), `${type}.${field.name}`)
      if (field.nullable) assert.equal(document[field.name], null, `${type}.${field.name}`)
    }
  })

  it('a filled-in document fits its own schema', () => {
    for (const type of typeNames()) {
      const problems = checkDocument(type, JSON.parse(serialiseDocument(type, {})), { strict: true })
      // An enumeration that is always written is '' when nobody gave one.
      assert.deepEqual(
        problems.filter(({ problem }) => !problem.startsWith('expected one of')),
        [],
        type,
      )
    }
  })

  it('64-bit integers go as bare numbers, either way they are given', () => {
    const big = (1n << 63n) + 1n
    assert.equal(serialiseDocument('VirtualMachineMemory', { SizeInMB: big }), `{"SizeInMB":${big}}`)
    assert.equal(serialiseDocument('VirtualMachineMemory', { SizeInMB: 1024n }), '{"SizeInMB":1024}')
    assert.equal(serialiseDocument(undefined, -0), '0')
  })

  it('writes what JSON.stringify writes of anything without a type', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepEqual(JSON.parse(serialiseDocument(undefined, value)), JSON.parse(JSON.stringify(value)))
      }),
    )
    assert.equal(serialiseDocument(undefined, { at: new Date(0) }), '{"at":"1970-01-01T00:00:00.000Z"}')
    assert.equal(serialiseDocument(undefined, [, 1, undefined]), '[null,1,null]')
    assert.equal(serialiseDocument(undefined, '\ud800'), '"\\ud800"')
  })

  it('__proto__ given as a member is written as one', () => {
    const given = JSON.parse('{"__proto__":{"a":1},"Owner":"me"}') as unknown
    assert.equal(serialiseDocument('ComputeSystem', given), '{"Owner":"me","__proto__":{"a":1}}')
    assert.equal(serialiseDocument('ComputeSystem', Object.create({ Owner: 'inherited' })), '{}')
  })

  it('what cannot be JSON is refused, and the place named', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    for (const [value, path] of [
      [{ a: { b: () => 1 } }, '$.a.b'],
      [{ a: [1, Symbol('x')] }, '$.a[1]'],
      [{ 'with space': NaN }, '$["with space"]'],
      [{ a: -Infinity }, '$.a'],
    ] as const) {
      assert.throws(
        () => serialiseDocument(undefined, value),
        (error) => error instanceof DocumentError && error.path === path,
      )
    }
    assert.throws(() => serialiseDocument(undefined, cycle), /nested more than 128 deep, or a cycle/)
    assert.throws(() => copyDocument(cycle), DocumentError)
    assert.throws(() => copyDocument({ a: () => 1 }), DocumentError)
    const endless = { toJSON: (): unknown => endless }
    assert.throws(() => serialiseDocument(undefined, endless), DocumentError)
  })

  it('a copy shares nothing with its original', () => {
    const original = linux()
    const copy = copyDocument(original)
    assert.deepEqual(copy, original)
    copy.VirtualMachine!.Devices!.Scsi!['new'] = {}
    assert.notDeepEqual(copy, original)
    const odd = copyDocument(JSON.parse('{"__proto__":{"a":1}}') as object)
    assert.equal(JSON.stringify(odd), '{"__proto__":{"a":1}}')
    assert.equal(Object.getPrototypeOf(odd), Object.prototype)
  })
})

describe('checking a document', () => {
  const problems = (type: TypeName, value: unknown, strict = false): string[] =>
    checkDocument(type, value, { strict }).map(({ path, problem }) => `${path} ${problem}`)

  it('the worked documents fit', () => {
    assert.deepEqual(problems('ComputeSystem', linux(), true), [])
    assert.deepEqual(problems('ComputeSystem', windows(), true), [])
  })

  it('names the place of each wrong type, width, word and key', () => {
    const vm = (inside: object): object => ({ VirtualMachine: inside })
    for (const [document, expected] of [
      [{ Owner: 5 }, '$.Owner expected a string'],
      [{ VirtualMachine: [] }, '$.VirtualMachine expected an object'],
      [vm({ StopOnReset: 'yes' }), '$.VirtualMachine.StopOnReset expected true or false'],
      [
        vm({ ComputeTopology: { Processor: { Count: '2' } } }),
        '$.VirtualMachine.ComputeTopology.Processor.Count expected an integer (uint32)',
      ],
      [
        vm({ ComputeTopology: { Processor: { Count: -1 } } }),
        '$.VirtualMachine.ComputeTopology.Processor.Count expected an integer (uint32)',
      ],
      [
        vm({ ComputeTopology: { Memory: { SizeInMB: 1.5 } } }),
        '$.VirtualMachine.ComputeTopology.Memory.SizeInMB expected an integer (uint64)',
      ],
      [
        vm({ ComputeTopology: { Memory: { SizeInMB: 1n << 64n } } }),
        '$.VirtualMachine.ComputeTopology.Memory.SizeInMB expected an integer (uint64)',
      ],
      [vm({ Devices: { ComPorts: { one: {} } } }), '$.VirtualMachine.Devices.ComPorts.one expected a uint32 as key'],
      [vm({ RegistryChanges: { AddValues: {} } }), '$.VirtualMachine.RegistryChanges.AddValues expected an array'],
    ] as const)
      assert.deepEqual(problems('ComputeSystem', document), [expected])
    const [word] = problems('Attachment', { Type: 'Floppy' })
    assert.match(word!, /^\$\.Type expected one of VirtualDisk, /)
  })

  it('null counts as absent, and the largest values of each width fit', () => {
    assert.deepEqual(problems('VirtualMachineMemory', { SizeInMB: (1n << 64n) - 1n, Backing: null }), [])
    assert.deepEqual(problems('Version', { Major: 0xffff_ffff, Minor: 0 }), [])
  })

  it('unknown members are told only when strict', () => {
    assert.deepEqual(problems('ComputeSystem', { Surprise: 1 }), [])
    assert.deepEqual(problems('ComputeSystem', { Surprise: 1 }, true), ['$.Surprise unknown member'])
  })
})
