import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  guidFromNetworkBytes,
  guidFromWindowsBytes,
  guidToNetworkBytes,
  guidToWindowsBytes,
  isGuid,
  normaliseGuid,
  parseGuid,
  sameGuid,
} from '#dist/protocol/guid.js'

const BRIDGE = 'acef5661-84a1-4e44-856b-6245e69f4620'
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 })

describe('GUIDs', () => {
  it('has the bytes of Windows memory and of the text', () => {
    assert.equal(Buffer.from(guidToWindowsBytes(BRIDGE)).toString('hex'), '6156efaca184444e856b6245e69f4620')
    assert.equal(Buffer.from(guidToNetworkBytes(BRIDGE)).toString('hex'), 'acef566184a14e44856b6245e69f4620')
  })

  it('bytes of either order come back from their text', () => {
    fc.assert(
      fc.property(bytes16, (bytes) => {
        assert.deepEqual(guidToWindowsBytes(guidFromWindowsBytes(bytes)), bytes)
        assert.deepEqual(guidToNetworkBytes(guidFromNetworkBytes(bytes)), bytes)
        assert.match(guidFromWindowsBytes(bytes), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      }),
    )
  })

  it('reads either case and braces, and writes lower case without', () => {
    assert.equal(normaliseGuid(`{${BRIDGE.toUpperCase()}}`), BRIDGE)
    assert.equal(sameGuid(BRIDGE, `{${BRIDGE.toUpperCase()}}`), true)
    assert.equal(sameGuid('same text', 'same text'), false)
  })

  it('takes nothing else for a GUID', () => {
    const bad = ['', 'acef5661', `${BRIDGE}0`, BRIDGE.replaceAll('-', ''), `{${BRIDGE}`, `${BRIDGE}}`, ` ${BRIDGE}`]
    for (const text of [...bad, BRIDGE.replace('a', 'g'), `${BRIDGE}\n`]) {
      assert.equal(parseGuid(text), undefined, JSON.stringify(text))
      assert.throws(() => guidToWindowsBytes(text), RangeError)
    }
    assert.equal(isGuid(`{${BRIDGE}}`), false)
    for (const value of [undefined, null, 5, {}]) assert.equal(isGuid(value), false)
    for (const length of [0, 15, 17]) {
      assert.throws(() => guidFromWindowsBytes(new Uint8Array(length)), RangeError)
      assert.throws(() => guidFromNetworkBytes(new Uint8Array(length)), RangeError)
    }
  })
})
