// Memory.

import type { VirtualMachineMemory } from '../protocol/schema/index.js'
import { count, settings } from './check.js'
import { replaceMembers, type Edit } from './draft.js'

export interface MemoryOptions {
  /** Replaces the whole memory section. */
  setMemory(config: VirtualMachineMemory): this
  /** MiB; HCS wants an even number. */
  setMemoryLimit(sizeInMB: number): this
  /**
   * Backing, EnableDeferredCommit and the hot, cold and cold-discard hints of `config`, in place of those that were there. AllowOvercommit
   * becomes true with Backing 'Virtual' and false with any other, or none.
   */
  setMemoryHints(config: VirtualMachineMemory): this
  /** All in MiB. */
  setMMIOConfig(lowGapInMB: number, highBaseInMB: number, highGapInMB: number): this
  /** NUMA distances from the firmware, measured where it has none. */
  setFirmwareFallbackMeasuredSlit(): this
}

const HINTS = ['Backing', 'EnableDeferredCommit', 'EnableHotHint', 'EnableColdHint', 'EnableColdDiscardHint'] as const

export function memory(config: VirtualMachineMemory): Edit {
  const section = settings('setMemory', 'config', config)
  return (draft) => {
    draft.VirtualMachine.ComputeTopology.Memory = section
  }
}

/** Members to write over those of the memory section. */
function merge(members: VirtualMachineMemory): Edit {
  return (draft) => {
    Object.assign(draft.VirtualMachine.ComputeTopology.Memory, members)
  }
}

export function memoryLimit(sizeInMB: number): Edit {
  return merge({ SizeInMB: count('setMemoryLimit', 'sizeInMB', sizeInMB) })
}

export function memoryHints(config: VirtualMachineMemory): Edit {
  const given = settings('setMemoryHints', 'config', config)
  return ({
    VirtualMachine: {
      ComputeTopology: { Memory: section },
    },
  }) => {
    replaceMembers(section, given, HINTS)
    section.AllowOvercommit = given.Backing === 'Virtual'
  }
}

export function mmio(lowGapInMB: number, highBaseInMB: number, highGapInMB: number): Edit {
  const method = 'setMMIOConfig'
  return merge({
    LowMmioGapInMB: count(method, 'lowGapInMB', lowGapInMB),
    HighMmioBaseInMB: count(method, 'highBaseInMB', highBaseInMB),
    HighMmioGapInMB: count(method, 'highGapInMB', highGapInMB),
  })
}

export function firmwareFallbackMeasuredSlit(): Edit {
  return merge({ SlitType: 'FirmwareFallbackMeasured' })
}
