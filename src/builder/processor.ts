// Processors.

import type { CpuGroup, VirtualMachineProcessor } from '../protocol/schema/index.js'
import { optionalSettings, settings } from './check.js'
import { replaceMembers, setOrClear, type Edit } from './draft.js'

export interface ProcessorOptions {
  /** Replaces the whole processor section. */
  setProcessor(config: VirtualMachineProcessor): this
  /**
   * Count, Limit (1..100000, where 100000 is all of the VM's processors) and Weight (0..10000) of `config`, in place of those that were
   * there.
   */
  setProcessorLimits(config: VirtualMachineProcessor): this
  /** Undefined: in no group. */
  setCPUGroup(group: CpuGroup | undefined): this
}

const LIMITS = ['Count', 'Limit', 'Weight'] as const

export function processor(config: VirtualMachineProcessor): Edit {
  const section = settings('setProcessor', 'config', config)
  return (draft) => {
    draft.VirtualMachine.ComputeTopology.Processor = section
  }
}

export function processorLimits(config: VirtualMachineProcessor): Edit {
  const given = settings('setProcessorLimits', 'config', config)
  return (draft) => {
    replaceMembers(draft.VirtualMachine.ComputeTopology.Processor, given, LIMITS)
  }
}

export function cpuGroup(group: CpuGroup | undefined): Edit {
  const value = optionalSettings('setCPUGroup', 'group', group)
  return (draft) => {
    setOrClear(draft.VirtualMachine.ComputeTopology.Processor, 'CpuGroup', value)
  }
}
