// The control group that pods share: its limit follows the memory of the machine, which may have grown.

import type { GuestKernel } from '../../kernel.js'
import type { GuestResource } from '../../resource.js'

const BYTES_PER_MB = 1024 * 1024
/** What the guest keeps for itself, MiB. */
const RESERVED_MB = 75

export function podMemoryBytes(kernel: GuestKernel): number {
  return Math.max(1, kernel.machine.memoryMB() - RESERVED_MB) * BYTES_PER_MB
}

export const podMemoryLimit: GuestResource = {
  settings: undefined,
  requests: ['Update'],
  apply(kernel) {
    kernel.podMemoryBytes = podMemoryBytes(kernel)
  },
}
