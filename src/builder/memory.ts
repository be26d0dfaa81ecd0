// Memory.

import type { VirtualMachineMemory } from '../protocol/schema/index.js'
import { count, settings } from './check.js'
import type { Edit } from './draft.js'

export interface MemoryOptions {
  /** Replaces the whole memory section. */
  setMemory(config: VirtualMachineMemory): this
  /** MiB; HCS wants an even number. */
  setMemoryLimit(sizeInMB: number): this
  /** Takes over the backing and the hot, cold and cold-discard hints that `config` gives; 'Virtual' also allows overcommit. */
  setMemoryHints(config: VirtualMachineMemory): this
  /** All in MiB. */
  setMMIOConfig(lowGapInMB: number, highBaseInMB: number, highGapInMB: number): this
  /** NUMA distances from the firmware, measured where it has none. */
  setFirmwareFallbackMeasuredSlit(): this
}

const HINTS = ['Backing', 'EnableHotHint', 'EnableColdHint', 'EnableColdDiscardHint'] as const

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
  const hints = Object.fromEntries(HINTS.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]))
  return merge({ ...hints, ...(given.Backing === 'Virtual' ? { AllowOvercommit: true } : {}) })
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
