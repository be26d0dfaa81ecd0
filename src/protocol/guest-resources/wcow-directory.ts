// VSMB shares of the host in a Windows guest.

import type { CallOptions } from '../call-options.js'
import type { MappedDirectory } from '../schema/index.js'
import type { GuestResource } from './resource.js'

export interface WCOWDirectoryManager {
  /** Maps a VSMB path to a path of the guest. There is no removal: the share goes with the VM. */
  addMappedDirectory(settings: MappedDirectory, options?: CallOptions): Promise<void>
}

export const wcowMappedDirectory: GuestResource<'windows', WCOWDirectoryManager> = {
  guests: ['windows'],
  type: 'MappedDirectory',
  settings: 'MappedDirectory',
  methods: { addMappedDirectory: 'Add' },
}
