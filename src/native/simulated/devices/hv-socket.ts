// The table of Hyper-V socket services.

import { parseGuid } from '../../../protocol/guid.js'
import type { HvSocketServiceConfig } from '../../../protocol/schema/index.js'
import { deviceClass, type Resource } from './change.js'

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
