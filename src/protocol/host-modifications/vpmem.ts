// Virtual persistent memory: images as /dev/pmem<id> of a Linux guest.

import type { CallOptions } from '../call-options.js'
import type { VirtualPMemDevice, VirtualPMemMapping } from '../schema/index.js'
import { NUMBER } from './segments.js'
import { ADD_REMOVE, DEVICES, hostModifications, resource } from './statement.js'

export interface VPMemManager {
  /** `id` 0 up to, but not including, `VirtualPMem.MaximumCount` of the create document. */
  addVPMemDevice(id: number, settings: VirtualPMemDevice, options?: CallOptions): Promise<void>
  removeVPMemDevice(id: number, options?: CallOptions): Promise<void>
  /** One more image in a filled device, `offset` bytes behind its start: a multiple of 4096, inside the device's size. */
  addVPMemMapping(id: number, offset: number, settings: VirtualPMemMapping, options?: CallOptions): Promise<void>
  /** `offset` 0 takes out the device's own image, and the rest with it. */
  removeVPMemMapping(id: number, offset: number, options?: CallOptions): Promise<void>
}

export const vpmem = hostModifications<VPMemManager>()({
  resources: {
    vpmemDevice: resource<VirtualPMemDevice>({
      path: `${DEVICES}/VirtualPMem/Devices/{id}`,
      segments: { id: NUMBER },
      allowed: ADD_REMOVE,
      evidence: 'D',
      needs: ['Add'],
      settings: 'VirtualPMemDevice',
      required: { Add: ['HostPath'] },
    }),
    vpmemMapping: resource<VirtualPMemMapping>({
      path: `${DEVICES}/VirtualPMem/Devices/{id}/Mappings/{offset}`,
      segments: { id: NUMBER, offset: NUMBER },
      allowed: ADD_REMOVE,
      evidence: 'D',
      needs: ['Add'],
      settings: 'VirtualPMemMapping',
      required: { Add: ['HostPath'] },
    }),
  },
  methods: {
    addVPMemDevice: { of: 'vpmemDevice', verb: 'Add', takes: ['id', 'settings'] },
    removeVPMemDevice: { of: 'vpmemDevice', verb: 'Remove', takes: ['id'] },
    addVPMemMapping: { of: 'vpmemMapping', verb: 'Add', takes: ['id', 'offset', 'settings'] },
    removeVPMemMapping: { of: 'vpmemMapping', verb: 'Remove', takes: ['id', 'offset'] },
  },
})
