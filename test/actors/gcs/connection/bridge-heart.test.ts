// The heart of a guest connection alone: what each single rule of it gives, bytes in and effects out.

import assert from 'node:assert/strict'
import { BridgeClosedError, ProtocolError } from '#dist/index.js'
import { Bridge } from '#dist/actors/gcs/connection/bridge.js'
import type { BridgeEffect, BridgeOptions } from '#dist/actors/gcs/connection/bridge-contract.js'
import { frame } from '../../../peer/peer.js'

const ANSWER = 0x2010_0a01
const NOTICE = 0x3010_0101
const BODY = '{}'
const OK = '{"Result":0}'

function bridge(options: Partial<BridgeOptions> = {}): Bridge {
  return new Bridge({ requestTimeoutMs: 100, onRequestTimeout: 'reject', ...options })
}

const done = (effects: readonly BridgeEffect[]): string[] => effects.map((effect) => effect.do)
const LOST = new BridgeClosedError({ reason: 'the guest ended the stream' })

describe('the heart of a guest connection', () => {
  it('what stands behind a violation in the same bytes is not read', () => {
    const seen: bigint[] = []
    const heart = bridge({ onFrame: ({ id }) => void seen.push(id) })
    const { id } = heart.call('ModifySettings', BODY, 0)
    const other = heart.call('ModifySettings', BODY, 0)
    const bytes = Buffer.concat([frame(ANSWER, id, 'no JSON'), frame(ANSWER, other.id, OK)])
    // The call that was answered badly, what else was in flight, the end; no word of a second mistake.
    assert.deepEqual(done(heart.receive(bytes)), ['fail', 'fail', 'close'])
    assert.deepEqual(seen, [id])
  })

  it('on a new transport nobody speaks but the handshake, until it has resumed', () => {
    const heart = bridge()
    heart.follow()
    heart.lost(LOST)
    heart.resume()
    assert.throws(() => heart.call('ModifySettings', BODY, 0), BridgeClosedError)
    assert.equal(heart.unwritten, 0)
    heart.call('NegotiateProtocol', BODY, 0, { handshake: true })
    heart.resumed()
    heart.call('ModifySettings', BODY, 0)
  })

  it('a request of the connection before may be answered once, and no second time', () => {
    const leftovers = { nextId: 8n, ids: new Set([7n]), containers: new Set<string>() }
    const heart = bridge({ leftovers })
    assert.deepEqual(heart.receive(frame(ANSWER, 7n, OK)), [])
    const [close] = heart.receive(frame(ANSWER, 7n, OK))
    assert(close?.do === 'close' && close.cause instanceof ProtocolError)
  })

  it('who looks on and throws costs nobody an answer', () => {
    const heart = bridge({
      onFrame: () => {
        throw new Error('of the observer')
      },
    })
    const { id } = heart.call('ModifySettings', BODY, 0)
    assert.deepEqual(done(heart.receive(frame(ANSWER, id, OK))), ['settle'])
    assert.equal(heart.closed, false)
  })

  it('a wait that was taken over stays when the transport is lost, and is answered on the next', () => {
    const heart = bridge()
    heart.follow()
    heart.adoptWait(3n)
    const asked = heart.call('ModifySettings', BODY, 0)
    const effects = heart.lost(LOST)
    assert.deepEqual(done(effects), ['fail', 'park'])
    assert(effects[0]?.do === 'fail' && effects[0].id === asked.id)
    heart.resume()
    heart.resumed()
    assert.deepEqual(done(heart.receive(frame(0x2010_0601, 3n, '{"Result":0,"ExitCode":5}'))), ['settle'])
  })

  it('what was asked by the program before may be answered to nobody; an id of this one may not', () => {
    const heart = bridge({ takesOver: 100n })
    heart.seed(100n)
    assert.deepEqual(heart.receive(frame(ANSWER, 42n, OK)), [])
    assert.deepEqual(heart.receive(frame(NOTICE, 0n, '{"ContainerId":"nobody’s","Type":"UnexpectedExit"}')), [])
    assert.deepEqual(done(heart.receive(frame(ANSWER, 100n, OK))), ['close'])
  })
})
