// The Hyper-V VM GUID of a compute system: the id itself when that is a GUID, else a version 5 UUID over the id's upper-case UTF-16 text.

import { createHash } from 'node:crypto'
import { guidFromNetworkBytes, guidToNetworkBytes, isGuid } from '../../../protocol/guid.js'

/** Namespace, hashed in network byte order (checked against published listings of real hosts). */
const NAMESPACE = 'cab70344-facb-41e4-b5e5-ab6592283e6e'

export function runtimeIdOf(id: string): string {
  const asGuid: unknown = id
  if (isGuid(asGuid)) return asGuid.toLowerCase()
  const digest = createHash('sha1')
    .update(guidToNetworkBytes(NAMESPACE))
    .update(Buffer.from(id.toUpperCase(), 'utf16le'))
    .digest()
  const bytes = new Uint8Array(digest.subarray(0, 16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return guidFromNetworkBytes(bytes)
}
