// Network adapters, by key.

import { findKey } from '../../../protocol/guid.js'
import { HRESULT } from '../../../protocol/hresult.js'
import type { NetworkAdapter } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { checkTarget, entries, withEntry, without, device } from './device.js'

/** Synthetic adapters of one Hyper-V VM. */
const MAX_ADAPTERS = 8

export const adapters = device<ReadonlyMap<string, NetworkAdapter>>()({
  fromDocument: ({ Devices: devices }) => new Map(entries(devices?.NetworkAdapters)),
  changes: {
    networkAdapter: {
      apply: ({ segments: [id = ''], type, settings: adapter }, present, host) => {
        const key = findKey(present.keys(), id)
        checkTarget(type, key !== undefined, `adapter ${id}`)
        if (type === 'Remove') return without(present, key ?? id)
        if (type === 'Add' && present.size >= MAX_ADAPTERS) throw tooMany()
        const problem = host.endpointProblem(adapter.EndpointId ?? '', key ?? id)
        if (problem !== undefined) throw refusal(problem, `the endpoint ${adapter.EndpointId} cannot be attached`)
        return withEntry(present, key ?? id, adapter)
      },
    },
  },
  buildProblem: ({ Devices: devices }) =>
    Object.keys(devices?.NetworkAdapters ?? {}).length > MAX_ADAPTERS ? tooMany() : undefined,
  hostProblem: (present, host) => {
    for (const [key, adapter] of present) {
      const problem = host.endpointProblem(adapter.EndpointId ?? '', key)
      if (problem !== undefined) return refusal(problem, `the endpoint of adapter ${key} cannot be attached`)
    }
    return undefined
  },
})

function tooMany(): ReturnType<typeof refusal> {
  return refusal(HRESULT.ERROR_NOT_SUPPORTED, `a VM has at most ${MAX_ADAPTERS} adapters`)
}
