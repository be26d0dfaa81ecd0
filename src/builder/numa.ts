// NUMA topology (Windows build 26100 and later, physical backing only).

import type { Numa, NumaProcessors } from '../protocol/schema/index.js'
import { settings } from './check.js'
import type { Edit } from './draft.js'

export interface NumaOptions {
  setNUMAProcessorsSettings(settings: NumaProcessors): this
  setNUMASettings(numa: Numa): this
}

export function numaProcessors(value: NumaProcessors): Edit {
  const section = settings('setNUMAProcessorsSettings', 'settings', value)
  return (draft) => {
    draft.VirtualMachine.ComputeTopology.Processor.NumaProcessorsSettings = section
  }
}

export function numa(value: Numa): Edit {
  const section = settings('setNUMASettings', 'numa', value)
  return (draft) => {
    draft.VirtualMachine.ComputeTopology.Numa = section
  }
}
