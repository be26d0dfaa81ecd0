// Network adapters of a Linux guest.

import type { CallOptions } from '../call-options.js'
import type { LCOWNetworkAdapter } from '../schema/index.js'
import type { GuestResource } from './resource.js'

export interface LCOWNetworkManager {
  /** Configures an adapter that the host has added, in a network namespace. */
  addLCOWNetworkInterface(settings: LCOWNetworkAdapter, options?: CallOptions): Promise<void>
  removeLCOWNetworkInterface(settings: LCOWNetworkAdapter, options?: CallOptions): Promise<void>
}

export const lcowNetwork: GuestResource<'linux', LCOWNetworkManager> = {
  guests: ['linux'],
  type: 'Network',
  settings: 'LCOWNetworkAdapter',
  needs: 'NamespaceAddRequestSupported',
  methods: { addLCOWNetworkInterface: 'Add', removeLCOWNetworkInterface: 'Remove' },
}
