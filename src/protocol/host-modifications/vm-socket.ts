// The Hyper-V socket services of the VM: who on the host may listen for, or connect to, each.

import type { CallOptions } from '../call-options.js'
import type { HvSocketServiceConfig } from '../schema/index.js'
import { GUID } from './segments.js'
import { DEVICES, hostModifications, resource } from './statement.js'

export interface VMSocketManager {
  /** Creates the entry or replaces it. `Disabled` with both descriptors empty removes it; `Disabled` alone cuts its connections. */
  updateHvSocketService(serviceId: string, config: HvSocketServiceConfig, options?: CallOptions): Promise<void>
  /** Succeeds whether or not there is such an entry. */
  removeHvSocketService(serviceId: string, options?: CallOptions): Promise<void>
}

export const vmSocket = hostModifications<VMSocketManager>()({
  resources: {
    hvSocketService: resource<HvSocketServiceConfig>({
      path: `${DEVICES}/HvSocket/HvSocketConfig/ServiceTable/{serviceId}`,
      segments: { serviceId: GUID },
      allowed: ['Update', 'Remove'],
      evidence: 'S',
      needs: ['Update'],
      settings: 'HvSocketServiceConfig',
    }),
  },
  methods: {
    updateHvSocketService: { of: 'hvSocketService', verb: 'Update', takes: ['serviceId', 'settings'] },
    removeHvSocketService: { of: 'hvSocketService', verb: 'Remove', takes: ['serviceId'] },
  },
})
