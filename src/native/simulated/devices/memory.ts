// The size of the memory.

import { HRESULT } from '../../../protocol/hresult.js'
import type { Int64 } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import type { Resource } from './change.js'

export const MEMORY_SIZE: Resource<Int64> = {
  judge: ({ settings }) => {
    const size = BigInt(settings)
    if (size === 0n || size % 2n !== 0n || size > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw refusal(HRESULT.E_INVALIDARG, 'the memory size must be an even number of MB above 0')
    }
  },
  apply: ({ settings }, system, surroundings) => {
    const size = Number(settings)
    if (!surroundings.hasMemory(size, system)) {
      throw refusal(HRESULT.ERROR_COMMITMENT_LIMIT, `the host has no ${size} MB`)
    }
    system.live.memoryMB = size
  },
}
