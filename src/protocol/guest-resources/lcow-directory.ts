// Plan 9 shares of the host in a Linux guest.

import type { CallOptions } from '../call-options.js'
import type { LCOWMappedDirectory } from '../schema/index.js'
import type { GuestResource } from './resource.js'

export interface LCOWDirectoryManager {
  /** Mounts a Plan 9 share of the host. */
  addLCOWMappedDirectory(settings: LCOWMappedDirectory, options?: CallOptions): Promise<void>
  removeLCOWMappedDirectory(settings: LCOWMappedDirectory, options?: CallOptions): Promise<void>
}

export const lcowMappedDirectory: GuestResource<'linux', LCOWDirectoryManager> = {
  guests: ['linux'],
  type: 'MappedDirectory',
  settings: 'LCOWMappedDirectory',
  methods: { addLCOWMappedDirectory: 'Add', removeLCOWMappedDirectory: 'Remove' },
}
