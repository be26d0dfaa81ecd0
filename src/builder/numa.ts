// NUMA topology (Windows build 26100 and later, physical backing only).

import type { Numa, NumaProcessors } from '../protocol/schema/index.js'
import { optionalSettings } from './check.js'
import { setOrClear, type Edit } from './draft.js'

export interface NumaOptions {
  /** Undefined clears. */
  setNUMAProcessorsSettings(settings: NumaProcessors | undefined): this
  /** Undefined clears. `planNuma` makes both from a few numbers. */
  setNUMASettings(numa: Numa | undefined): this
}

export function numaProcessors(value: NumaProcessors | undefined): Edit {
  const section = optionalSettings('setNUMAProcessorsSettings', 'settings', value)
  return (draft) => {
    setOrClear(draft.VirtualMachine.ComputeTopology.Processor, 'NumaProcessorsSettings', section)
  }
}

export function numa(value: Numa | undefined): Edit {
  const section = optionalSettings('setNUMASettings', 'numa', value)
  return (draft) => {
    setOrClear(draft.VirtualMachine.ComputeTopology, 'Numa', section)
  }
}
