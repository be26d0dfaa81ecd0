// Processors: limits, group, frequency, idling.

import { HRESULT } from '../../../protocol/hresult.js'
import { NULL_GUID, parseGuid } from '../../../protocol/guid.js'
import type { CpuGroup, IdleProcessorsRequest, Int64, ProcessorLimits } from '../../../protocol/schema/index.js'
import { invalidDocument, refusal } from '../failure.js'
import type { Resource } from './change.js'

/** 100 % of the VM's processors in the scale of Limit and Reservation. */
const MAX_LIMIT = 100_000
const MAX_WEIGHT = 10_000

export const CPU_LIMITS: Resource<ProcessorLimits> = {
  judge: ({ settings }) => {
    const problem = limitsProblem(settings)
    if (problem !== undefined) throw refusal(HRESULT.E_INVALIDARG, problem)
  },
  apply: ({ settings }, { live }) => {
    live.limits = { ...settings }
  },
}

/** Which limit is outside its range. Absent and zero mean the same: the reference implementation leaves zero out. */
export function limitsProblem(limits: ProcessorLimits): string | undefined {
  const outside = (value: Int64 | null | undefined, high: number): boolean => value != null && value > high
  if (outside(limits.Limit, MAX_LIMIT)) return `Limit is at most ${MAX_LIMIT}`
  if (outside(limits.Weight, MAX_WEIGHT)) return `Weight is at most ${MAX_WEIGHT}`
  if (outside(limits.Reservation, MAX_LIMIT)) return `Reservation is at most ${MAX_LIMIT}`
  return undefined
}

export const CPU_GROUP: Resource<CpuGroup> = {
  judge: ({ settings }) => {
    if (parseGuid(settings.Id ?? '') === undefined) throw invalidDocument('$.Settings.Id', 'expected a GUID')
  },
  apply: ({ settings }, { live }, surroundings) => {
    const id = parseGuid(settings.Id ?? '') ?? NULL_GUID
    if (!surroundings.hasCpuGroup(id)) throw refusal(HRESULT.ERROR_NOT_FOUND, `there is no CPU group ${id}`)
    // From one group to another the way is through none.
    if (id !== NULL_GUID && live.cpuGroup !== undefined && live.cpuGroup !== id) {
      throw refusal(HRESULT.E_INVALIDARG, `the VM is in the CPU group ${live.cpuGroup}`)
    }
    live.cpuGroup = id === NULL_GUID ? undefined : id
  },
}

export const FREQUENCY_CAP: Resource<number> = {
  apply: ({ type, settings }, { live }) => {
    live.frequencyCapMHz = type === 'Remove' ? 0 : settings
  },
}

export const IDLED_PROCESSORS: Resource<IdleProcessorsRequest> = {
  judge: ({ settings }, system) => {
    if ((settings.IdleProcessorCount ?? 0) > system.processorCount) {
      throw refusal(HRESULT.E_INVALIDARG, `the VM has ${system.processorCount} processors`)
    }
  },
  apply: ({ settings }, { live }) => {
    live.idledProcessors = settings.IdleProcessorCount ?? 0
  },
}
