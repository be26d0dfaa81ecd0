// Option tables: what is said of an option that is misspelt, wrong, secret, or no options at all.

import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { InvalidConfigError } from '#dist/index.js'
import { nearestName } from '#dist/options/nearest.js'
import { BOOLEAN, COUNT, group, groupOr, listOf, oneOf, secret, STRING } from '#dist/options/rows.js'
import { checkOptions, optionTable } from '#dist/options/table.js'

interface Inner {
  depth?: number
}
interface Outer {
  threads?: number
  env?: string
  quiet?: boolean
  mode?: 'fast' | 'slow'
  inner?: Inner
  list?: Inner[]
  maybe?: false | Inner
}
const INNER = optionTable<Inner>('inner', { depth: COUNT })
const OUTER = optionTable<Outer>('options', {
  threads: COUNT,
  env: secret(STRING),
  quiet: BOOLEAN,
  mode: oneOf('fast', 'slow'),
  inner: group(INNER),
  list: listOf(INNER),
  maybe: groupOr('an object, or false', [false], INNER),
})

const SUBJECT = { op: 'test.open', id: 'x' }

function refusal(options: unknown): InvalidConfigError {
  try {
    checkOptions(SUBJECT, options as Outer, OUTER)
  } catch (error) {
    assert(error instanceof InvalidConfigError)
    return error
  }
  return assert.fail('it was taken')
}

describe('option tables', () => {
  it('take what is known, undefined, inherited values and members that are not enumerable', () => {
    checkOptions(SUBJECT, undefined, OUTER)
    checkOptions(
      SUBJECT,
      { threads: 1, mode: 'fast', inner: { depth: 2 }, list: [{}, { depth: 1 }], maybe: false },
      OUTER,
    )
    checkOptions(SUBJECT, { treads: undefined } as Outer, OUTER)
    checkOptions(SUBJECT, Object.create({ anything: 1 }) as Outer, OUTER)
    checkOptions(SUBJECT, Object.defineProperty({}, 'hidden', { value: 1 }) as Outer, OUTER)
    checkOptions(SUBJECT, { [Symbol('s')]: 1 } as Outer, OUTER)
  })

  it('read values through the prototype', () => {
    const options = new (class {
      get threads(): number {
        return 0
      }
    })()
    assert.equal(refusal(options).path, 'threads')
  })

  const unknown: [options: unknown, path: string, said: RegExp][] = [
    [{ thread: 1 }, 'thread', /thread: no such option; did you mean threads\?$/],
    [{ thraeds: 1 }, 'thraeds', /did you mean threads\?$/],
    [{ environment: 'a' }, 'environment', /did you mean env\?$/],
    [{ Quiet: true }, 'Quiet', /did you mean quiet\?$/],
    [{ zebra: 1 }, 'zebra', /no such option; there are threads, env, quiet, mode, inner, list, maybe$/],
    [{ inner: { depht: 1 } }, 'inner.depht', /did you mean depth\?$/],
    [{ list: [{}, { deep: 1 }] }, 'list[1].deep', /no such option/],
    [{ maybe: { dept: 1 } }, 'maybe.dept', /did you mean depth\?$/],
    [{ constructor: 1 }, 'constructor', /no such option/],
    [JSON.parse('{"__proto__":1}'), '__proto__', /no such option/],
    [{ ['x'.repeat(10_000)]: 1 }, `${'x'.repeat(80)}…`, /no such option/],
  ]
  for (const [options, path, said] of unknown) {
    it(`name ${path.slice(0, 20)}`, () => {
      const error = refusal(options)
      assert.deepEqual([error.op, error.id, error.path, 'value' in error], ['test.open', 'x', path, false])
      assert.match(error.message, said)
    })
  }

  const none: [options: unknown, said: string][] = [
    [null, 'null'],
    [5, 'a number'],
    ['text', 'a string'],
    [[], 'an array'],
    [new Map([['threads', 1]]), 'a Map'],
    [() => 1, 'a function'],
    [new AbortController().signal, 'an AbortSignal: give it as { signal }'],
  ]
  for (const [options, said] of none) {
    it(`are not ${said}`, () => {
      const error = refusal(options)
      assert.deepEqual(
        [error.path, error.message],
        ['options', `test.open "x": options: expected an object, not ${said}`],
      )
    })
  }

  it('say what was expected and carry the value at the path, and of a secret only its kind', () => {
    const wrong = refusal({ inner: { depth: 0 }, env: 'x' })
    assert.deepEqual([wrong.path, wrong.value], ['inner.depth', 0])
    assert.match(wrong.message, /inner\.depth: expected an integer above 0, got 0$/)
    assert.match(refusal({ mode: 'idle' }).message, /mode: expected 'fast' or 'slow', got "idle"$/)
    const hidden = refusal({ env: { TOKEN: 'hunter2' } })
    assert.match(hidden.message, /env: expected a string, got an object$/)
    assert.equal('value' in hidden, false)
    assert.doesNotMatch(inspect(hidden, { depth: 10, showHidden: true }), /hunter2/)
    assert.doesNotMatch(inspect(refusal({ password: 'hunter2', env: 'hunter2' }), { depth: 10 }), /hunter2/)
  })

  it('a getter that throws is a mistake in the call', () => {
    const cause = new Error('mine')
    const error = refusal({
      get threads() {
        throw cause
      },
    })
    assert.deepEqual([error.path, error.cause], ['options', cause])
  })
})

describe('the nearest name', () => {
  const KNOWN = ['threads', 'isolation', 'transport', 'timeoutMs', 'env', 'id']
  const cases: [given: string, nearest: string | undefined][] = [
    ['thread', 'threads'],
    ['th', 'threads'],
    ['t', undefined],
    ['environment', 'env'],
    ['TIMEOUTMS', 'timeoutMs'],
    ['timeout', 'timeoutMs'],
    ['transprot', 'transport'],
    ['isolaton', 'isolation'],
    ['nothing like it', undefined],
    ['', undefined],
  ]
  for (const [given, nearest] of cases) {
    it(`of '${given}' is ${String(nearest)}`, () => assert.equal(nearestName(given, KNOWN), nearest))
  }
})
