import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  canonical,
  describeHresult,
  hexCode,
  HRESULT,
  hresultMessage,
  hresultName,
  signed,
  unsigned,
} from '#dist/protocol/hresult.js'

describe('HRESULT names', () => {
  it('HCS-081 signed and unsigned forms of a code have the same name', () => {
    for (const [name, code] of Object.entries(HRESULT)) {
      assert.equal(hresultName(unsigned(code)), hresultName(signed(code)))
      if (name !== 'VMCOMPUTE_UNEXPECTED_EXIT') assert.equal(hresultName(signed(code)), name)
    }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (code) => hresultName(code) === hresultName(signed(code))),
    )
  })

  it('documents say them signed', () => {
    for (const [hex, number] of [
      [0x8037_0105, -2143878907],
      [0x8037_010e, -2143878898],
      [0x8037_0121, -2143878879],
      [0xc037_0110, -1070137072],
      [0xc037_0103, -1070137085],
      [0x8007_0032, -2147024846],
      [0x8007_0490, -2147023728],
      [0xc03a_001a, -1069940710],
    ] as const) {
      assert.equal(signed(hex), number)
      assert.equal(unsigned(number), hex)
    }
  })

  it('the older form of an HCS code means the same, other codes with that bit do not', () => {
    assert.equal(hresultName(0xc037_010e), 'HCS_E_SYSTEM_NOT_FOUND')
    assert.equal(hresultName(-1070137075), 'HCS_E_INVALID_JSON')
    assert.equal(hresultName(0xc037_0106), 'HCS_E_UNEXPECTED_EXIT')
    assert.equal(canonical(0xc037_010e), 0x8037_010e)
    assert.equal(canonical(0xc03a_001a), 0xc03a_001a)
    assert.equal(hresultName(0xc03a_001a), 'ERROR_VIRTUAL_DISK_LIMITATION')
    assert.equal(hresultName(0x803a_001a), '0x803A001A')
    // Pending exists in the older form only.
    assert.equal(hresultName(0xc037_0103), 'VMCOMPUTE_OPERATION_PENDING')
  })

  it('a code without a name is its hexadecimal form', () => {
    assert.equal(hresultName(0x8004_1234), '0x80041234')
    assert.equal(hexCode(1), '0x00000001')
    assert.equal(hresultMessage(0x8004_1234), undefined)
    assert.equal(describeHresult(0x8004_1234), '0x80041234')
    assert.match(describeHresult(-2143878898), /^HCS_E_SYSTEM_NOT_FOUND \(0x8037010E\): /)
  })

  it('every name has a meaning in words', () => {
    for (const code of Object.values(HRESULT)) assert((hresultMessage(code) ?? '').length > 5)
  })
})
