// Assigned PCI devices and persistent memory in a Linux guest.

import type { CallOptions } from '../call-options.js'
import type { LCOWMappedVPCIDevice, LCOWMappedVPMemDevice } from '../schema/index.js'
import type { GuestResource } from './resource.js'

export interface LCOWDeviceManager {
  /** Waits until the PCI device that the host has added shows up in the guest. */
  addVPCIDevice(settings: LCOWMappedVPCIDevice, options?: CallOptions): Promise<void>
  addVPMemDevice(settings: LCOWMappedVPMemDevice, options?: CallOptions): Promise<void>
  removeVPMemDevice(settings: LCOWMappedVPMemDevice, options?: CallOptions): Promise<void>
}

export const lcowVpciDevice: GuestResource<'linux', Pick<LCOWDeviceManager, 'addVPCIDevice'>> = {
  guests: ['linux'],
  type: 'VPCIDevice',
  settings: 'LCOWMappedVPCIDevice',
  methods: { addVPCIDevice: 'Add' },
}

export const lcowVpmemDevice: GuestResource<'linux', Omit<LCOWDeviceManager, 'addVPCIDevice'>> = {
  guests: ['linux'],
  type: 'VPMemDevice',
  settings: 'LCOWMappedVPMemDevice',
  methods: { addVPMemDevice: 'Add', removeVPMemDevice: 'Remove' },
}
