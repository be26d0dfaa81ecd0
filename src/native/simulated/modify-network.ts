// Network adapters, and the table of Hyper-V socket services.

import { HRESULT } from '../../protocol/hresult.js'
import { parseGuid } from '../../protocol/guid.js'
import { findKey } from '../../protocol/resource-paths.js'
import type { HvSocketServiceConfig, NetworkAdapter } from '../../protocol/schema/index.js'
import { refusal } from './failure.js'
import { checkTarget, deviceClass, type Resource } from './change.js'

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

/**
 * An update creates or replaces the entry; one that disables it and has no descriptors removes it. Removing what is not there succeeds.
 * What a disabled service means for connections is the guest host's matter.
 */
export const HV_SOCKET_SERVICE: Resource<HvSocketServiceConfig> = {
  apply: ({ segments: [segment = ''], type, settings: config }, { live }) => {
    const services = deviceClass(live.services, 'HvSocket')
    const id = parseGuid(segment) ?? segment
    const removes =
      type === 'Remove' ||
      (services.has(id) &&
        config.Disabled === true &&
        !config.BindSecurityDescriptor &&
        !config.ConnectSecurityDescriptor)
    if (removes) services.delete(id)
    else services.set(id, config)
  },
}
