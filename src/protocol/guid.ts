// GUIDs: text, and their 16 bytes in both orders in use. Windows memory order (socket addresses) has the first three groups
// little-endian; network order (RFC 9562, used for hashing names) has the bytes as the text reads.

export const NULL_GUID = '00000000-0000-0000-0000-000000000000'

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Exactly 36 characters, hyphens at 8, 13, 18 and 23, hexadecimal digits of either case, no braces. */
export function isGuid(text: unknown): text is string {
  return typeof text === 'string' && GUID.test(text)
}

/** Lower case, braces dropped. Undefined when it is no GUID. */
export function parseGuid(text: string): string | undefined {
  const bare = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text
  return GUID.test(bare) ? bare.toLowerCase() : undefined
}

/** Lower case. @throws {RangeError} not a GUID */
export function normaliseGuid(text: string): string {
  const guid = parseGuid(text)
  if (guid === undefined) throw new RangeError(`not a GUID: ${JSON.stringify(text)}`)
  return guid
}

/** Whether two texts name one GUID, whatever case and braces. */
export function sameGuid(left: string, right: string): boolean {
  const guid = parseGuid(left)
  return guid !== undefined && guid === parseGuid(right)
}

/** The key of a table that a path segment names: GUIDs in any case and with or without braces, other names to the letter. */
export function findKey(keys: Iterable<string>, segment: string): string | undefined {
  for (const key of keys) if (key === segment || sameGuid(key, segment)) return key
  return undefined
}

/** Where each byte of the text stands in Windows memory. The order is its own inverse. */
const WINDOWS_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const

/** 16 bytes as the text reads. @throws {RangeError} not a GUID */
export function guidToNetworkBytes(text: string): Uint8Array {
  const digits = normaliseGuid(text).replaceAll('-', '')
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16))
}

/** @throws {RangeError} not 16 bytes */
export function guidFromNetworkBytes(bytes: Uint8Array): string {
  if (bytes.byteLength !== 16) throw new RangeError(`a GUID has 16 bytes, not ${bytes.byteLength}`)
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  )
}

/** 16 bytes as Windows keeps a GUID in memory. @throws {RangeError} not a GUID */
export function guidToWindowsBytes(text: string): Uint8Array {
  return swap(guidToNetworkBytes(text))
}

/** @throws {RangeError} not 16 bytes */
export function guidFromWindowsBytes(bytes: Uint8Array): string {
  return guidFromNetworkBytes(bytes.byteLength === 16 ? swap(bytes) : bytes)
}

function swap(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(WINDOWS_ORDER, (from) => bytes[from] ?? 0)
}
