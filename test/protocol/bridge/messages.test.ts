// What a guest's answers must be made of, and where the host's own members stand in a request.

import assert from 'node:assert/strict'
import { ProtocolError } from '#dist/index.js'
import {
  decodeAnswer,
  decodeNegotiated,
  decodeNotification,
  requestBody,
  tracedBody,
} from '#dist/protocol/bridge/messages.js'

const bytes = (body: object): Uint8Array => new TextEncoder().encode(JSON.stringify(body))

describe('the answer of a guest', () => {
  for (const [what, rpc, body] of [
    ['records that are no objects', 'Create', { ErrorRecords: ['no'] }],
    ['records that are no array', 'Create', { ErrorRecords: {} }],
    ['a pid that is no number', 'ExecuteProcess', { ProcessId: '7' }],
    ['a pid below 0', 'ExecuteProcess', { ProcessId: -1 }],
    ['an exit code that is no number', 'WaitForProcess', { ExitCode: 'x' }],
    ['an activity id that is no GUID', 'Start', { ActivityId: 'x' }],
    ['a result beyond 32 bits', 'Start', { Result: 2 ** 32 }],
  ] as const) {
    it(`with ${what} breaks the protocol`, () => {
      assert.throws(() => decodeAnswer(bytes({ Result: 0, ...body }), rpc), ProtocolError)
    })
  }

  it('may give its result in the unsigned form', () => {
    assert.equal(decodeAnswer(bytes({ Result: 0x8037_010e }), 'Start').answer.result, 0x8037_010e | 0)
  })

  for (const [what, capabilities] of [
    ['without GuestDefinedCapabilities', {}],
    ['whose GuestDefinedCapabilities are no object', { GuestDefinedCapabilities: 'x' }],
    ['with a capability that is no boolean', { GuestDefinedCapabilities: {}, SendHostCreateMessage: 'yes' }],
    ['with a capability of its own that is no boolean', { GuestDefinedCapabilities: { SignalProcessSupported: 1 } }],
  ] as const) {
    it(`to the negotiation ${what} breaks the protocol`, () => {
      const { answer } = decodeAnswer(bytes({ Result: 0, Version: 4, Capabilities: capabilities }), 'NegotiateProtocol')
      assert.throws(() => decodeNegotiated(answer), ProtocolError)
    })
  }

  it('to the negotiation says what is missing, not what it is like', () => {
    const { answer } = decodeAnswer(bytes({ Result: 0, Version: 4, Capabilities: {} }), 'NegotiateProtocol')
    assert.throws(() => decodeNegotiated(answer), /lacks GuestDefinedCapabilities/)
  })

  it('that tells of a container names it by text', () => {
    assert.throws(() => decodeNotification(bytes({ ContainerId: 7 })), ProtocolError)
    assert.throws(() => decodeNotification(bytes({ ContainerId: 'c', ResultInfo: 'no JSON' })), ProtocolError)
  })
})

describe('a request with the span of its caller', () => {
  it('has it among the base members, in front of its own', () => {
    const body = tracedBody(requestBody('c', { Request: '{}' }), { traceparent: '00-a-b-01' })
    assert.deepEqual(Object.keys(JSON.parse(body) as object), ['ContainerId', 'ActivityId', 'otsc', 'Request'])
  })
})
