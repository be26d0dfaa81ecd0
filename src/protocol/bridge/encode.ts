// Messages as bytes: one fresh buffer each, so that nothing of a message that failed to go out can precede the next one.

import { HEADER_BYTES, writeHeader } from './header.js'

const encoder = new TextEncoder()
const LINE_FEED = 0x0a

/**
 * One message: header, JSON text in UTF-8 and, as the reference host does, a line feed that is counted in the size.
 *
 * @throws {RangeError} a message of 4 GiB or more
 */
export function encodeFrame(type: number, id: bigint, json: string): Uint8Array {
  const text = encoder.encode(json)
  const frame = new Uint8Array(HEADER_BYTES + text.byteLength + 1)
  if (frame.byteLength > 0xffff_ffff) throw new RangeError('a message has less than 4 GiB')
  writeHeader(frame, { type, size: frame.byteLength, id })
  frame.set(text, HEADER_BYTES)
  frame[frame.byteLength - 1] = LINE_FEED
  return frame
}
