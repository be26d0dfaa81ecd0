// The 16-byte header of every message on the guest connection, little-endian: type u32, size u32 (header included), id u64.
//
// A type has a direction (top nibble), a category, a number and a version. Responses are matched by id alone: the confidential sidecar
// answers failures with a bare 0x20000000, so a receiver must not insist on the rest of the type.

export const HEADER_BYTES = 16

/** Largest frame a guest may send unasked, bytes, header included; the reference host enforces it for all. Hosts send larger ones. */
export const MAX_GUEST_FRAME_BYTES = 65_536

/** Largest answer to DumpStacks, bytes: the real Linux guest passes 64 KiB with 25 processes that sleep. */
export const MAX_STACKS_FRAME_BYTES = 4 * 1024 * 1024

/** How often a guest may quote a request in its answer: the real Linux guest quotes a bad one twice, with its quotes escaped. */
const MOST_QUOTES = 4

/** Largest answer to a request of `requestBytes`, header included. */
export function maxAnswerBytes(rpc: RpcName, requestBytes: number): number {
  return rpc === 'DumpStacks' ? MAX_STACKS_FRAME_BYTES : MAX_GUEST_FRAME_BYTES + MOST_QUOTES * requestBytes
}

export const DIRECTION_MASK = 0xf000_0000
export const DIRECTION = { request: 0x1000_0000, response: 0x2000_0000, notification: 0x3000_0000 } as const

/** The only notification: a container exited. */
export const CONTAINER_NOTIFICATION = 0x3010_0101

/** Request types by RPC name. */
export const REQUEST_TYPE = {
  Create: 0x1010_0101,
  Start: 0x1010_0201,
  ShutdownGraceful: 0x1010_0301,
  ShutdownForced: 0x1010_0401,
  ExecuteProcess: 0x1010_0501,
  WaitForProcess: 0x1010_0601,
  SignalProcess: 0x1010_0701,
  ResizeConsole: 0x1010_0801,
  GetProperties: 0x1010_0901,
  ModifySettings: 0x1010_0a01,
  NegotiateProtocol: 0x1010_0b01,
  DumpStacks: 0x1010_0c01,
  DeleteContainerState: 0x1010_0d01,
  UpdateContainer: 0x1010_0e01,
  LifecycleNotification: 0x1010_0f01,
  ModifyServiceSettings: 0x1020_0101,
} as const

export type RpcName = keyof typeof REQUEST_TYPE

export interface Header {
  /** u32 */
  type: number
  /** u32, bytes including the header. */
  size: number
  /** u64 */
  id: bigint
}

export function direction(type: number): number {
  return (type & DIRECTION_MASK) >>> 0
}

/** The response type that belongs to a request type. */
export function responseType(requestType: number): number {
  return ((requestType & ~DIRECTION_MASK) | DIRECTION.response) >>> 0
}

/** Reads a header at the start of `bytes`, which must have at least 16. */
export function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  return { type: view.getUint32(0, true), size: view.getUint32(4, true), id: view.getBigUint64(8, true) }
}

export function writeHeader(target: Uint8Array, header: Header): void {
  const view = new DataView(target.buffer, target.byteOffset, HEADER_BYTES)
  view.setUint32(0, header.type, true)
  view.setUint32(4, header.size, true)
  view.setBigUint64(8, header.id, true)
}
