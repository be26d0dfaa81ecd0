import assert from 'node:assert/strict'
import fc from 'fast-check'
import { serialiseDocument } from '#dist/protocol/document.js'
import { isRecord, JsonError, MAX_JSON_DEPTH, member, parseJson, setMember } from '#dist/protocol/json.js'

const LONG = '12345678901234567890'

/** JSON text of values that have bigints in them. */
function write(value: unknown): string {
  return serialiseDocument(undefined, value)
}

const int64 = fc.oneof(fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }), fc.maxSafeInteger().map(BigInt))

/** What an integer is once it has been read. */
function read(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** As JSON.parse has it, which rounds. */
function rounded(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(rounded)
  if (!isRecord(value)) return value
  const result: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) setMember(result, name, rounded(item))
  return result
}

describe('JSON', () => {
  it('integers keep their value in both directions, whatever their size', () => {
    fc.assert(
      fc.property(int64, (value) => {
        assert.equal(write({ value }), `{"value":${value}}`)
        assert.deepEqual(parseJson(`{"value":${value}}`), { value: read(value) })
        assert.deepEqual(parseJson(`[[${value} ]]`), [[read(value)]])
      }),
    )
    assert.deepEqual(parseJson('[9007199254740991,9007199254740992,9007199254740993]'), [
      9007199254740991,
      9007199254740992n,
      9007199254740993n,
    ])
  })

  it('is what JSON.parse says of every document, on the exact path too', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const expected: unknown = JSON.parse(text)
        assert.deepEqual(rounded(parseJson(text)), expected)
        assert.deepEqual(rounded(parseJson(`[${text},${LONG}]`)), [expected, Number(LONG)])
      }),
    )
  })

  it('takes no text that JSON.parse does not take, on either path', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'[]{}:,"\\0123456789-+.eEu truefalsn\n') })
    const isJson = (text: string): boolean => {
      try {
        JSON.parse(text)
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(noise, (text) => {
        for (const given of [text, `[${LONG},${text}]`]) {
          if (isJson(given)) parseJson(given)
          else assert.throws(() => parseJson(given), JsonError, given)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('fractions and exponents are numbers; long ones do not become integers', () => {
    assert.deepEqual(parseJson('[1.5,1e3,0.12345678901234567,12345678901234567.5,1e400]'), [
      1.5,
      1000,
      0.12345678901234567,
      12345678901234567.5,
      Infinity,
    ])
  })

  it('digits in strings do not count, escaped quotes do not end them', () => {
    assert.deepEqual(parseJson(`{"a":"${LONG}","b":"\\"${LONG}\\\\","c":1}`), { a: LONG, b: `"${LONG}\\`, c: 1 })
  })

  it('__proto__ and constructor are members like any other, beside long integers too', () => {
    for (const text of [
      '{"__proto__":{"polluted":1},"constructor":2}',
      `{"__proto__":{"polluted":1},"constructor":2,"n":${LONG}}`,
      `{"\\u005f_proto__":{"polluted":1},"constructor":2,"n":${LONG}}`,
    ]) {
      const value = parseJson(text) as Record<string, unknown>
      assert.deepEqual(Object.keys(value).slice(0, 2), ['__proto__', 'constructor'])
      assert.equal(Object.getPrototypeOf(value), Object.prototype)
      assert.deepEqual(member(value, '__proto__'), { polluted: 1 })
      assert.equal(value['polluted'], undefined)
      assert.equal(member(value, 'toString'), undefined)
      if (text.includes(LONG)) assert.equal(member(value, 'n'), BigInt(LONG))
    }
    const target: Record<string, unknown> = {}
    setMember(target, '__proto__', { polluted: 1 })
    assert.equal(JSON.stringify(target), '{"__proto__":{"polluted":1}}')
  })

  it('of two members with one name the last counts', () => {
    assert.deepEqual(parseJson('{"a":1,"a":2}'), { a: 2 })
    assert.deepEqual(parseJson(`{"a":${LONG},"a":2}`), { a: 2 })
    assert.deepEqual(parseJson(`{"a":{"x":1},"a":{"y":${LONG}}}`), { a: { y: BigInt(LONG) } })
  })

  it('nesting is bounded before any parser recurses', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    assert.doesNotThrow(() => parseJson(nested(MAX_JSON_DEPTH)))
    assert.throws(() => parseJson(nested(MAX_JSON_DEPTH + 1)), /nested more than 128 deep/)
    assert.throws(() => parseJson('{"a":'.repeat(30_000)), JsonError)
    assert.throws(() => parseJson('['.repeat(1_000_000)), JsonError)
    assert.doesNotThrow(() => parseJson(JSON.stringify('['.repeat(1000))))
  })

  it('a failure is one short error', () => {
    assert.throws(() => parseJson(''), JsonError)
    assert.throws(
      () => parseJson('x'.repeat(100_000)),
      (error: Error) => error instanceof JsonError && error.message.length < 300,
    )
  })
})
