// Images of layers on the disks of a confidential Windows guest.

import type { CallOptions } from '../call-options.js'
import type { CWCOWBlockCIMMounts } from '../schema/index.js'
import type { GuestResource } from './resource.js'

export interface CIMsManager {
  /** Mounts block CIMs at a volume: the merged one first, then the layers from top to bottom. */
  addWCOWBlockCIMs(settings: CWCOWBlockCIMMounts, options?: CallOptions): Promise<void>
  removeWCOWBlockCIMs(settings: CWCOWBlockCIMMounts, options?: CallOptions): Promise<void>
}

export const wcowBlockCims: GuestResource<'windows', CIMsManager> = {
  guests: ['windows'],
  type: 'WCOWBlockCims',
  settings: 'CWCOWBlockCIMMounts',
  methods: { addWCOWBlockCIMs: 'Add', removeWCOWBlockCIMs: 'Remove' },
}
