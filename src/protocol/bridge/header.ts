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

const TWO_TO_32 = 0x1_0000_0000
const UPPER_HALF = 32n

/** Reads the header at an offset, where there must be at least 16 bytes. */
export function readHeader(bytes: Uint8Array, at = 0): Header {
  const high = readU32(bytes, at + 12)
  const low = readU32(bytes, at + 8)
  // What stays below 2^53 takes no arithmetic on bigints.
  const id = high < 0x20_0000 ? BigInt(high * TWO_TO_32 + low) : (BigInt(high) << UPPER_HALF) | BigInt(low)
  return { type: readU32(bytes, at), size: readU32(bytes, at + 4), id }
}

/** By hand: a DataView for each header costs more than all it reads. */
function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

export function writeHeader(target: Uint8Array, { type, size, id }: Header, at = 0): void {
  writeU32(target, at, type)
  writeU32(target, at + 4, size)
  const isSmall = id <= Number.MAX_SAFE_INTEGER
  const low = isSmall ? Number(id) : Number(BigInt.asUintN(32, id))
  writeU32(target, at + 8, low >>> 0)
  writeU32(target, at + 12, isSmall ? Math.floor(low / TWO_TO_32) : Number(id >> UPPER_HALF))
}
