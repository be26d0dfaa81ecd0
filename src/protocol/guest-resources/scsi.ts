// SCSI disks in guests: mounted at a path, and let go of before the host detaches them.

import type { CallOptions } from '../call-options.js'
import type { GuestOS } from '../guest-os.js'
import type { LCOWMappedVirtualDisk, SCSIDevice, WCOWMappedVirtualDisk } from '../schema/index.js'
import type { TypeName } from '../schema/field-table.js'
import { checkController } from '../lcow-hazards.js'
import type { GuestResource, ResourceInput } from './resource.js'

export interface LCOWScsiManager {
  /** Mounts a disk that the host has attached; without MountPath the guest only waits for it. */
  addLCOWMappedVirtualDisk(settings: LCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  removeLCOWMappedVirtualDisk(settings: LCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  /** Asks the guest to unplug a device, before the host detaches the disk. */
  removeSCSIDevice(settings: SCSIDevice, options?: CallOptions): Promise<void>
}

export interface WCOWScsiManager {
  addWCOWMappedVirtualDisk(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  /** Formats the disk first. Confidential guests only. */
  addWCOWMappedVirtualDiskForContainerScratch(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  removeWCOWMappedVirtualDisk(settings: WCOWMappedVirtualDisk, options?: CallOptions): Promise<void>
  removeSCSIDevice(settings: SCSIDevice, options?: CallOptions): Promise<void>
}

/** @throws {InvalidConfigError} a controller that no VM has */
function onController(type: TypeName): ResourceInput {
  return {
    count: 1,
    document: [0, type],
    write: ([settings], subject, text) => {
      const written = text(type, settings)
      checkController(subject, written)
      return written
    },
  }
}

export const scsiDevice: GuestResource<GuestOS, Pick<LCOWScsiManager & WCOWScsiManager, 'removeSCSIDevice'>> = {
  guests: ['linux', 'windows'],
  type: 'SCSIDevice',
  settings: 'SCSIDevice',
  input: onController('SCSIDevice'),
  methods: { removeSCSIDevice: 'Remove' },
}

export const lcowMappedVirtualDisk: GuestResource<'linux', Omit<LCOWScsiManager, 'removeSCSIDevice'>> = {
  guests: ['linux'],
  type: 'MappedVirtualDisk',
  settings: 'LCOWMappedVirtualDisk',
  input: onController('LCOWMappedVirtualDisk'),
  methods: { addLCOWMappedVirtualDisk: 'Add', removeLCOWMappedVirtualDisk: 'Remove' },
}

type Scratch = 'addWCOWMappedVirtualDiskForContainerScratch'

export const wcowMappedVirtualDisk: GuestResource<'windows', Omit<WCOWScsiManager, 'removeSCSIDevice' | Scratch>> = {
  guests: ['windows'],
  type: 'MappedVirtualDisk',
  settings: 'WCOWMappedVirtualDisk',
  methods: { addWCOWMappedVirtualDisk: 'Add', removeWCOWMappedVirtualDisk: 'Remove' },
}

export const wcowScratchDisk: GuestResource<'windows', Pick<WCOWScsiManager, Scratch>> = {
  guests: ['windows'],
  type: 'MappedVirtualDiskForContainerScratch',
  settings: 'WCOWMappedVirtualDisk',
  methods: { addWCOWMappedVirtualDiskForContainerScratch: 'Add' },
}
