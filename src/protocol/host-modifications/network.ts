// Network adapters of the VM.

import type { CallOptions } from '../call-options.js'
import type { NetworkAdapter } from '../schema/index.js'
import { NAME } from './segments.js'
import { ADD_UPDATE, ANY, DEVICES, hostModifications, resource } from './statement.js'

export interface NetworkManager {
  /** `nicId` is the adapter's key, a GUID or any other name without a slash; the endpoint must exist and be free. */
  addNIC(nicId: string, settings: NetworkAdapter, options?: CallOptions): Promise<void>
  /** `nicId` must be spelled as it was when the adapter was added. */
  removeNIC(nicId: string, settings?: NetworkAdapter, options?: CallOptions): Promise<void>
  updateNIC(nicId: string, settings: NetworkAdapter, options?: CallOptions): Promise<void>
}

export const network = hostModifications<NetworkManager>()({
  resources: {
    networkAdapter: resource<NetworkAdapter>({
      path: `${DEVICES}/NetworkAdapters/{nicId}`,
      segments: { nicId: NAME },
      allowed: ANY,
      evidence: 'D',
      needs: ADD_UPDATE,
      settings: 'NetworkAdapter',
    }),
  },
  methods: {
    addNIC: { of: 'networkAdapter', verb: 'Add', takes: ['nicId', 'settings'] },
    removeNIC: { of: 'networkAdapter', verb: 'Remove', takes: ['nicId', 'settings?'] },
    updateNIC: { of: 'networkAdapter', verb: 'Update', takes: ['nicId', 'settings'] },
  },
})
