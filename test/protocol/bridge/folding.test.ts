// Names of members on the bridge: letter case, the two letters outside ASCII, several spellings.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { foldedMember, foldName, parseFolded } from '#dist/protocol/bridge/folding.js'
import { parseJson } from '#dist/protocol/json.js'
import { decodeAnswer, decodeNegotiated, decodeNotification } from '#dist/protocol/bridge/messages.js'
import { scrubJson } from '#dist/protocol/bridge/scrub-json.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('names of members on the bridge', () => {
  it('fold as in the reference: ASCII, the long s and the Kelvin sign, nothing else', () => {
    assert.equal(foldName('RE\u017fULT'), 'result')
    assert.equal(foldName('\u212aind'), 'kind')
    assert.notEqual(foldName('R\u00c9SULT'), foldName('RESULT'))
  })

  for (const [text, value] of [
    ['{"a":1,"A":2}', 2],
    ['{"A":2,"a":1}', 1],
    ['{"a":1,"A":2,"a":3}', 3],
    ['{ "A" : {"x":[1,"}"]} , "a" : "\\"," , "A":[{"b":1,"B":2}] }', [{ b: 1, B: 2 }]],
    ['{"a":1,"A":null}', 1],
    ['{"A":null}', null],
    ['{"b":1}', undefined],
    ['[]', undefined],
  ] as const) {
    it(`of the spellings in ${text} the last counts`, () =>
      assert.deepEqual(foldedMember(parseFolded(text), 'a'), value))
  }

  it('a document is the same however it is parsed, but for the order of its members', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (one, other) => {
        const text = `{"a":${one},"A":${other},"__proto__":9007199254740993}`
        assert.deepEqual(parseFolded(text), parseJson(text))
      }),
    )
  })

  it('every part of what a guest says is found', () => {
    const { answer } = decodeAnswer(
      bytes('{"RESULT":-1,"errorMESSAGE":"m","ErrorRecords":[{"result":-2,"message":"r","moduleName":"g"}]}'),
      'Start',
    )
    assert.deepEqual([answer.result, answer.errorMessage, answer.records[0]?.Result], [-1, 'm', -2])
    const negotiated = decodeNegotiated(
      decodeAnswer(
        bytes('{"version":4,"capabilities":{"runtimeOSType":"Linux","guestDefinedCapabilities":{}}}'),
        'Start',
      ).answer,
    )
    assert.deepEqual([negotiated.version, negotiated.runtimeOsType], [4, 'Linux'])
    assert.equal(decodeNotification(bytes('{"containerID":"c1"}')).notice.containerId, 'c1')
  })

  it('documents that are handed on stay as spelt', () => {
    const { answer } = decodeAnswer(
      bytes(`{"properties":${JSON.stringify('{"processLIST":[],"ProcessList":1}')}}`),
      'GetProperties',
    )
    assert.deepEqual(answer.properties, { processLIST: [], ProcessList: 1 })
  })

  it('what is scrubbed is found in any spelling, and keeps it', () => {
    const body = {
      containerid: 'c1',
      REQUEST: { settings: { mountpath: '/m', env: 'hunter2' } },
      query: '{"propertytypes":["a"]}',
    }
    assert.deepEqual(JSON.parse(scrubJson(JSON.stringify(body))), {
      containerid: 'c1',
      REQUEST: { settings: { mountpath: '/m', env: '[7 characters]' } },
      query: { propertytypes: ['a'] },
    })
  })
})
