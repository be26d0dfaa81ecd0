// Network adapters.

import { HRESULT } from '../../../protocol/hresult.js'
import { findKey } from '../../../protocol/guid.js'
import type { NetworkAdapter } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { checkTarget, type Resource } from './change.js'

/** Synthetic adapters of one Hyper-V VM. */
export const MAX_ADAPTERS = 8

export const NETWORK_ADAPTER: Resource<NetworkAdapter> = {
  apply: ({ segments: [id = ''], type, settings: adapter }, system, surroundings) => {
    const { adapters } = system.live
    const key = findKey(adapters.keys(), id)
    checkTarget(type, key !== undefined, `adapter ${id}`)
    if (type === 'Remove') {
      adapters.delete(key ?? id)
      return
    }
    if (type === 'Add' && adapters.size >= MAX_ADAPTERS) {
      throw refusal(HRESULT.ERROR_NOT_SUPPORTED, `a VM has at most ${MAX_ADAPTERS} adapters`)
    }
    const problem = surroundings.endpointProblem(adapter.EndpointId ?? '', system, key ?? id)
    if (problem !== undefined) throw refusal(problem, `the endpoint ${adapter.EndpointId} cannot be attached`)
    adapters.set(key ?? id, adapter)
  },
}
