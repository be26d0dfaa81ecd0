// The root file system of a container in a Linux guest.

import type { CallOptions } from '../call-options.js'
import type { LCOWCombinedLayers } from '../schema/index.js'
import type { GuestResource } from './resource.js'

export interface LCOWLayersManager {
  /** Overlays the layers, with the scratch on top, at the container's root; without a scratch the root is read-only. */
  addLCOWCombinedLayers(settings: LCOWCombinedLayers, options?: CallOptions): Promise<void>
  removeLCOWCombinedLayers(settings: LCOWCombinedLayers, options?: CallOptions): Promise<void>
}

export const lcowCombinedLayers: GuestResource<'linux', LCOWLayersManager> = {
  guests: ['linux'],
  type: 'CombinedLayers',
  settings: 'LCOWCombinedLayers',
  methods: { addLCOWCombinedLayers: 'Add', removeLCOWCombinedLayers: 'Remove' },
}
