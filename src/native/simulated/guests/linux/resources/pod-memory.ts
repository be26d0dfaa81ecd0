// The control group that pods share: its limit follows the memory of the machine, which may have grown.

import type { GuestKernel } from '../../kernel.js'
import { slot } from '../../memory.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

const BYTES_PER_MB = 1024 * 1024
/** What the guest keeps for itself, MiB. */
const RESERVED_MB = 75

/** Of the control group, once it was computed. */
const LIMIT = slot<number | undefined>('podMemoryBytes', () => undefined)

export function podMemoryBytes(kernel: GuestKernel): number {
  return kernel.recall(LIMIT) ?? limitFor(kernel)
}

/** What the memory of the machine allows now. */
function limitFor(kernel: GuestKernel): number {
  return Math.max(1, kernel.machine.memoryMB() - RESERVED_MB) * BYTES_PER_MB
}

export const lcowPodMemory: ResourceBehaviour = {
  apply(kernel) {
    kernel.remember(LIMIT, limitFor(kernel))
  },
}
