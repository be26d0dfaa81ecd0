// Processors.

import type { CpuGroup, VirtualMachineProcessor } from '../protocol/schema/index.js'
import { settings } from './check.js'
import type { Edit } from './draft.js'

export interface ProcessorOptions {
  /** Replaces the whole processor section. */
  setProcessor(config: VirtualMachineProcessor): this
  /** Takes over Count, Limit (1..100000, where 100000 is all of the VM's processors) and Weight (0..10000) that `config` gives. */
  setProcessorLimits(config: VirtualMachineProcessor): this
  setCPUGroup(group: CpuGroup): this
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
  const limits = Object.fromEntries(
    LIMITS.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  )
  return (draft) => {
    Object.assign(draft.VirtualMachine.ComputeTopology.Processor, limits)
  }
}

export function cpuGroup(group: CpuGroup): Edit {
  const value = settings('setCPUGroup', 'group', group)
  return (draft) => {
    draft.VirtualMachine.ComputeTopology.Processor.CpuGroup = value
  }
}
