// The root file system of a container in a Linux guest.

import type { CallOptions } from '../call-options.js'
import type { LCOWCombinedLayers } from '../schema/index.js'
import { checkRootPath } from '../lcow-hazards.js'
import type { GuestResource, ResourceInput } from './resource.js'

export interface LCOWLayersManager {
  /** Overlays the layers, with the scratch on top, at the container's root; without a scratch the root is read-only. */
  addLCOWCombinedLayers(settings: LCOWCombinedLayers, options?: CallOptions): Promise<void>
  removeLCOWCombinedLayers(settings: LCOWCombinedLayers, options?: CallOptions): Promise<void>
}

/** @throws {InvalidConfigError} no absolute root path */
const withRootPath: ResourceInput = {
  count: 1,
  document: [0, 'LCOWCombinedLayers'],
  write: ([settings], subject, text) => {
    const written = text('LCOWCombinedLayers', settings)
    checkRootPath(subject, written)
    return written
  },
}

export const lcowCombinedLayers: GuestResource<'linux', LCOWLayersManager> = {
  guests: ['linux'],
  type: 'CombinedLayers',
  settings: 'LCOWCombinedLayers',
  input: withRootPath,
  methods: { addLCOWCombinedLayers: 'Add', removeLCOWCombinedLayers: 'Remove' },
}
