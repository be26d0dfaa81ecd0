// Text of what was thrown: whatever it is, there is one.

import assert from 'node:assert/strict'
import { fromWireError, toWireError } from '#dist/errors-wire.js'
import { describeThrown } from '#dist/protocol/text.js'

const revoked = Proxy.revocable({}, {})
revoked.revoke()

const unreadable: readonly (readonly [string, unknown])[] = [
  ['an object without a prototype', Object.create(null)],
  ['a proxy that was revoked', revoked.proxy],
  [
    'a toString that throws',
    {
      toString: () => {
        throw new Error('no')
      },
    },
  ],
  [
    'an error whose stack throws',
    Object.defineProperty(new Error('x'), 'stack', {
      get: () => {
        throw new Error('no')
      },
    }),
  ],
]

describe('what was thrown', () => {
  for (const [what, thrown] of unreadable) {
    it(`${what} has a text`, () => {
      assert.match(describeThrown(thrown), /^something that cannot be read \((object|function)\)$/)
    })
  }

  it('anything but an error crosses between threads', () => {
    for (const [, thrown] of unreadable.slice(0, 3)) {
      assert.ok(fromWireError(toWireError(thrown)) instanceof Error)
    }
  })

  it('says what it says', () => {
    assert.equal(describeThrown('text'), 'text')
    assert.equal(describeThrown(undefined), 'undefined')
    assert.match(describeThrown(new TypeError('wrong')), /^TypeError: wrong\n +at /)
  })
})
