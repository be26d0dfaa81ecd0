// The memory of the pods in a Linux guest.

import type { CallOptions } from '../call-options.js'
import type { GuestResource } from './resource.js'

export interface LCOWMemoryManager {
  /** Has the guest compute the memory limit of its pods anew, after the VM's memory has changed. */
  updateCgroupMemoryLimits(options?: CallOptions): Promise<void>
}

export const lcowPodMemory: GuestResource<'linux', LCOWMemoryManager> = {
  guests: ['linux'],
  type: 'PodCgroupMemoryLimit',
  methods: { updateCgroupMemoryLimits: 'Update' },
}
