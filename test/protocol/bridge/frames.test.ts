// The framing codec: bytes in, frames out, whatever the split; and one fresh buffer for every message that goes out.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ProtocolError } from '#dist/index.js'
import { encodeFrame } from '#dist/protocol/bridge/encode.js'
import { FrameReader, type Frame } from '#dist/protocol/bridge/frame-reader.js'
import {
  direction,
  DIRECTION,
  HEADER_BYTES,
  MAX_GUEST_FRAME_BYTES,
  readHeader,
  REQUEST_TYPE,
  responseType,
  writeHeader,
} from '#dist/protocol/bridge/header.js'
import { negotiateBody } from '#dist/protocol/bridge/messages.js'

const utf8 = new TextDecoder()

function header(type: number, size: number, id = 0n): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  writeHeader(bytes, { type, size, id })
  return bytes
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Everything that comes out when the bytes arrive cut at these places. */
function readAll(bytes: Uint8Array, cuts: readonly number[], maxFrameBytes = MAX_GUEST_FRAME_BYTES): Frame[] {
  const reader = new FrameReader({ maxFrameBytes })
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.byteLength + 1)))].sort((a, b) => a - b)
  const frames: Frame[] = []
  let from = 0
  for (const end of [...ends, bytes.byteLength]) {
    frames.push(...reader.push(bytes.subarray(from, end)))
    from = end
  }
  assert.equal(reader.end(), 'boundary')
  return frames
}

const message = fc.record(
  {
    type: fc.integer({ min: 0, max: 0xffff_ffff }),
    id: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    json: fc.json(),
  },
  { noNullPrototype: true },
)

describe('frames', () => {
  it('any split of the stream gives the same frames', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 40 }), (messages, cuts) => {
        const stream = concat(messages.map(({ type, id, json }) => encodeFrame(type, id, json)))
        const frames = readAll(stream, cuts)
        assert.deepEqual(
          frames.map(({ type, id, payload }) => ({ type, id, json: utf8.decode(payload).replace(/\n$/, '') })),
          messages,
        )
      }),
    )
  })

  it('reads a stream byte by byte', () => {
    const stream = concat([encodeFrame(1, 1n, '{}'), encodeFrame(2, 2n, '[]')])
    const everywhere = Array.from(stream, (_, index) => index)
    assert.deepEqual(
      readAll(stream, everywhere).map(({ id }) => id),
      [1n, 2n],
    )
  })

  it('payloads are buffers of their own: later chunks do not change them', () => {
    const reader = new FrameReader({ maxFrameBytes: 100 })
    const chunk = encodeFrame(1, 1n, '{"a":1}')
    const [frame] = [...reader.push(chunk)]
    chunk.fill(0)
    assert.equal(utf8.decode(frame!.payload), '{"a":1}\n')
  })

  it('takes the largest size allowed and a payload of nothing', () => {
    const limit = 4096
    const largest = concat([header(1, limit), new Uint8Array(limit - HEADER_BYTES)])
    assert.equal(readAll(largest, [], limit)[0]?.payload.byteLength, limit - HEADER_BYTES)
    assert.equal(readAll(header(1, HEADER_BYTES, 5n), [])[0]?.payload.byteLength, 0)
  })

  it('refuses a size below a header or above the limit once the header is complete, and allocates nothing for it', () => {
    for (const [size, limit] of [
      [0, 65_536],
      [15, 65_536],
      [65_537, 65_536],
      [101, 100],
      [0xffff_ffff, 65_536],
    ] as const) {
      const reader = new FrameReader({ maxFrameBytes: limit })
      const bytes = header(0x2010_0101, size)
      assert.deepEqual([...reader.push(bytes.subarray(0, 15))], [])
      const before = process.memoryUsage().arrayBuffers
      assert.throws(() => [...reader.push(bytes.subarray(15))], {
        name: 'ProtocolError',
        code: 'UVM_PROTOCOL',
        message: new RegExp(`invalid size ${size} `),
      })
      assert(process.memoryUsage().arrayBuffers - before < 65_536)
    }
    assert(new ProtocolError({ reason: 'x' }) instanceof Error)
  })

  it('the limit is a parameter, and a limit that is none is refused', () => {
    const frame = concat([header(1, 200), new Uint8Array(184)])
    assert.equal(readAll(frame, [], 200).length, 1)
    assert.throws(() => readAll(frame, [], 199), ProtocolError)
    for (const limit of [NaN, 0, 15, -1, undefined as unknown as number]) {
      assert.throws(() => new FrameReader({ maxFrameBytes: limit }), RangeError)
    }
  })

  it('says where a stream ended', () => {
    const bytes = encodeFrame(1, 1n, '{}')
    const after = (count: number): string => {
      const reader = new FrameReader({ maxFrameBytes: 100 })
      for (const frame of reader.push(bytes.subarray(0, count))) assert.equal(frame.type, 1)
      return reader.end()
    }
    assert.equal(after(0), 'boundary')
    assert.equal(after(1), 'header')
    assert.equal(after(15), 'header')
    assert.equal(after(16), 'payload')
    assert.equal(after(bytes.byteLength - 1), 'payload')
    assert.equal(after(bytes.byteLength), 'boundary')
  })

  it('encodes the worked NegotiateProtocol request to the byte', () => {
    const frame = encodeFrame(REQUEST_TYPE.NegotiateProtocol, 0n, negotiateBody())
    assert.equal(
      Buffer.from(frame).toString('hex'),
      '010b10107d000000' +
        '0000000000000000' +
        Buffer.from(
          '{"ContainerId":"","ActivityId":"00000000-0000-0000-0000-000000000000","MinimumVersion":4,"MaximumVersion":4}\n',
        ).toString('hex'),
    )
  })

  it('one message is one buffer, of exactly its size', () => {
    const first = encodeFrame(1, 1n, '{"text":"ü😀"}')
    const second = encodeFrame(1, 2n, '{}')
    assert.equal(first.buffer.byteLength, first.byteLength)
    assert.notEqual(first.buffer, second.buffer)
    assert.deepEqual(readHeader(first), { type: 1, size: first.byteLength, id: 1n })
  })

  it('ids keep all 64 bits', () => {
    const id = 0xfedc_ba98_7654_3210n
    assert.equal(readHeader(encodeFrame(1, id, '{}')).id, id)
  })

  it('a response type is that of its request in the other direction', () => {
    for (const type of Object.values(REQUEST_TYPE)) {
      assert.equal(direction(type), DIRECTION.request)
      assert.equal(direction(responseType(type)), DIRECTION.response)
      assert.equal(responseType(type) - type, 0x1000_0000)
    }
  })
})
