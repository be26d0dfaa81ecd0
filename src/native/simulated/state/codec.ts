// The state of a VM as bytes, saved or on its way to another host: msgpack that keeps maps, sets and integers of any size as they are.

import { Packr } from 'msgpackr'

const codec = new Packr({ structuredClone: true, useBigIntExtension: true })

export function packState(value: unknown): Uint8Array {
  return codec.pack(value)
}

/** @throws {Error} not what packState made */
export function unpackState(bytes: Uint8Array): unknown {
  return codec.unpack(bytes)
}
