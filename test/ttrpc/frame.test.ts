import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeFrame, FrameDecoder, HEADER_BYTES, MAX_DATA_BYTES, type Frame } from '#ttrpc/index.js'

/** The frames in these bytes, pushed in pieces of these lengths, over and over. */
function decode(bytes: Uint8Array, pieces: readonly number[]): { frames: Frame[]; decoder: FrameDecoder } {
  const decoder = new FrameDecoder()
  const frames: Frame[] = []
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const length = pieces[index % pieces.length]!
    frames.push(...decoder.push(bytes.subarray(at, at + length)))
    at += length
  }
  return { frames, decoder }
}

const FRAME = fc.record(
  {
    type: fc.nat(255),
    streamId: fc.nat(0xffff_ffff),
    flags: fc.nat(255),
    data: fc.uint8Array({ maxLength: 40_000 }),
  },
  { noNullPrototype: true },
)

describe('frames of ttrpc', () => {
  it('are what the protocol says: length, stream, type, flags, data', () => {
    const frame = encodeFrame(1, 0x01020304, Uint8Array.of(0xaa, 0xbb), 2)
    assert.equal(Buffer.from(frame).toString('hex'), '00000002' + '01020304' + '01' + '02' + 'aabb')
  })

  it('come out as they went in, however the bytes come', () => {
    fc.assert(
      fc.property(
        fc.array(FRAME, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 8 }),
        (sent, pieces) => {
          const bytes = Buffer.concat(
            sent.map(({ type, streamId, flags, data }) => encodeFrame(type, streamId, data, flags)),
          )
          const { frames, decoder } = decode(bytes, pieces)
          assert.deepEqual(
            frames.map(({ type, streamId, flags, data }) => ({ type, streamId, flags, data })),
            sent,
          )
          assert.equal(decoder.isBetweenFrames, true)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('one that is too long is passed over, and told', () => {
    const header = Buffer.from(encodeFrame(1, 3, new Uint8Array(0)))
    header.writeUInt32BE(MAX_DATA_BYTES + 1, 0)
    const bytes = Buffer.concat([header, Buffer.alloc(MAX_DATA_BYTES + 1), encodeFrame(1, 5, Uint8Array.of(7))])
    const { frames } = decode(bytes, [65_536])
    assert.deepEqual(
      frames.map(({ streamId, length, data }) => [streamId, length, data?.length]),
      [
        [3, MAX_DATA_BYTES + 1, undefined],
        [5, 1, 1],
      ],
    )
    assert.throws(() => encodeFrame(1, 1, new Uint8Array(MAX_DATA_BYTES + 1)), RangeError)
    assert.equal(encodeFrame(1, 1, new Uint8Array(MAX_DATA_BYTES)).length, HEADER_BYTES + MAX_DATA_BYTES)
  })

  it('one that ends within is told from one that does not', () => {
    const bytes = encodeFrame(2, 1, new Uint8Array(100))
    for (const cut of [1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 99]) {
      const { frames, decoder } = decode(bytes.subarray(0, cut), [7])
      assert.deepEqual([frames.length, decoder.isBetweenFrames], [0, false], `cut at ${cut}`)
    }
  })

  it('a promise of much sets little aside', () => {
    const header = Buffer.from(encodeFrame(1, 1, new Uint8Array(0)))
    header.writeUInt32BE(MAX_DATA_BYTES, 0)
    const before = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 200 }, () => {
      const decoder = new FrameDecoder()
      assert.equal([...decoder.push(header)].length, 0)
      return decoder
    })
    assert(process.memoryUsage().arrayBuffers - before < 200 * 100_000)
    assert.equal(decoders.length, 200)
  })
})
