// The framing codec: bytes in, frames out, whatever the split; and one fresh buffer for the messages that go out together.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ProtocolError } from '#dist/index.js'
import { FrameBatch } from '#dist/protocol/bridge/encode.js'
import { FrameReader, type Frame } from '#dist/protocol/bridge/frame-reader.js'
import {
  direction,
  DIRECTION,
  HEADER_BYTES,
  MAX_GUEST_FRAME_BYTES,
  MAX_STACKS_FRAME_BYTES,
  maxAnswerBytes,
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

function encodeFrame(type: number, id: bigint, json: string): Uint8Array {
  const batch = new FrameBatch()
  batch.add(type, id, json)
  return batch.take()!
}

/** The frames that the next bytes complete, with payloads of their own. */
function push(reader: FrameReader, chunk: Uint8Array): Frame[] {
  const frames: Frame[] = []
  reader.feed(chunk)
  for (let next = reader.next(); next !== undefined; next = reader.next()) {
    frames.push({ ...next, payload: next.payload.slice() })
  }
  return frames
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
    frames.push(...push(reader, bytes.subarray(from, end)))
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

  it('a payload that came whole is a piece of what came; one that was cut has a buffer of its own', () => {
    const bytes = encodeFrame(1, 1n, '{"a":1}')
    const reader = new FrameReader({ maxFrameBytes: 100 })
    reader.feed(bytes)
    assert.equal(reader.next()?.payload.buffer, bytes.buffer)
    assert.equal(reader.next(), undefined)
    const [first, second] = [bytes.slice(0, 20), bytes.slice(20)]
    reader.feed(first)
    assert.equal(reader.next(), undefined)
    first.fill(0)
    reader.feed(second)
    const payload = reader.next()!.payload
    second.fill(0)
    assert.equal(utf8.decode(payload), '{"a":1}\n')
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
      assert.deepEqual(push(reader, bytes.subarray(0, 15)), [])
      const before = process.memoryUsage().arrayBuffers
      assert.throws(() => push(reader, bytes.subarray(15)), {
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
      for (const frame of push(reader, bytes.subarray(0, count))) assert.equal(frame.type, 1)
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

  it('what goes out together is one buffer, of the frames in their order, and is not used again', () => {
    const texts = ['{"text":"ü😀"}', '{}', `{"long":"${'ü'.repeat(3000)}"}`, '{"last":1}']
    const batch = new FrameBatch()
    assert.equal(batch.take(), undefined)
    const sizes = texts.map((text, index) => batch.add(1, BigInt(index), text))
    assert.deepEqual(
      sizes,
      texts.map((text) => HEADER_BYTES + Buffer.byteLength(text) + 1),
    )
    assert.equal(
      batch.byteLength,
      sizes.reduce((sum, size) => sum + size),
    )
    const bytes = batch.take()!
    assert.deepEqual(bytes, concat(texts.map((text, index) => encodeFrame(1, BigInt(index), text))))
    assert.deepEqual(readHeader(bytes), { type: 1, size: sizes[0], id: 0n })
    assert.equal(batch.take(), undefined)
    assert.equal(batch.byteLength, 0)
    batch.add(1, 9n, '{}')
    assert.notEqual(batch.take()!.buffer, bytes.buffer)
  })

  it('ids keep all 64 bits', () => {
    for (const id of [
      0xfedc_ba98_7654_3210n,
      0n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 64n - 1n,
    ]) {
      const bytes = encodeFrame(1, id, '{}')
      assert.equal(Buffer.from(bytes).readBigUInt64LE(8), id)
      assert.equal(readHeader(bytes).id, id)
    }
  })

  it('a response type is that of its request in the other direction', () => {
    for (const type of Object.values(REQUEST_TYPE)) {
      assert.equal(direction(type), DIRECTION.request)
      assert.equal(direction(responseType(type)), DIRECTION.response)
      assert.equal(responseType(type) - type, 0x1000_0000)
    }
  })

  it('an answer may quote its request a few times; stacks have a bound of their own', () => {
    assert.equal(maxAnswerBytes('DumpStacks', 100), MAX_STACKS_FRAME_BYTES)
    assert.equal(maxAnswerBytes('ModifySettings', 0), MAX_GUEST_FRAME_BYTES)
    // Quoted twice, with its quotes escaped.
    const requestBytes = 1_000_000
    const most = maxAnswerBytes('ModifySettings', requestBytes)
    assert(most >= 4 * requestBytes && most <= 5 * requestBytes, `${most}`)
  })
})
