// Devices of the host assigned to the VM (vPCI).

import type { CallOptions } from '../call-options.js'
import type { VirtualPciDevice } from '../schema/index.js'
import { VMBUS_GUID } from './segments.js'
import { ADD_REMOVE, DEVICES, hostModifications, resource } from './statement.js'

export interface PCIManager {
  /** `vmbusGuid` is a fresh GUID of the caller's; it becomes the VMBus instance by which the guest finds the device. */
  addDevice(vmbusGuid: string, settings: VirtualPciDevice, options?: CallOptions): Promise<void>
  removeDevice(vmbusGuid: string, options?: CallOptions): Promise<void>
}

export const pci = hostModifications<PCIManager>()({
  resources: {
    pciDevice: resource<VirtualPciDevice>({
      path: `${DEVICES}/VirtualPci/{vmbusGuid}`,
      segments: { vmbusGuid: VMBUS_GUID },
      allowed: ADD_REMOVE,
      evidence: 'D',
      needs: ['Add'],
      settings: 'VirtualPciDevice',
      required: { Add: ['Functions'] },
    }),
  },
  methods: {
    addDevice: { of: 'pciDevice', verb: 'Add', takes: ['vmbusGuid', 'settings'] },
    removeDevice: { of: 'pciDevice', verb: 'Remove', takes: ['vmbusGuid'] },
  },
})
