// Processors: limits, group, frequency, idling.

import { NULL_GUID, parseGuid } from '../../../protocol/guid.js'
import { HRESULT } from '../../../protocol/hresult.js'
import type { Int64, ProcessorLimits } from '../../../protocol/schema/index.js'
import { invalidDocument, refusal } from '../failure.js'
import { device } from './device.js'

/** 100 % of the VM's processors in the scale of Limit and Reservation. */
const MAX_LIMIT = 100_000
const MAX_WEIGHT = 10_000

export const limits = device<ProcessorLimits>()({
  fromDocument: ({ ComputeTopology: topology }) => {
    const { Limit, Weight, Reservation } = topology?.Processor ?? {}
    return { Limit, Weight, Reservation }
  },
  changes: {
    cpuLimits: {
      judge: ({ settings }) => {
        const problem = limitsProblem(settings)
        if (problem !== undefined) throw refusal(HRESULT.E_INVALIDARG, problem)
      },
      apply: ({ settings }) => settings,
    },
  },
})

/** Which limit is outside its range. Absent and zero mean the same: the reference implementation leaves zero out. */
export function limitsProblem({ Limit, Weight, Reservation }: ProcessorLimits): string | undefined {
  const outside = (value: Int64 | null | undefined, high: number): boolean => value != null && value > high
  if (outside(Limit, MAX_LIMIT)) return `Limit is at most ${MAX_LIMIT}`
  if (outside(Weight, MAX_WEIGHT)) return `Weight is at most ${MAX_WEIGHT}`
  if (outside(Reservation, MAX_LIMIT)) return `Reservation is at most ${MAX_LIMIT}`
  return undefined
}

/** By lower-case GUID; undefined for none. */
export const cpuGroup = device<string | undefined>()({
  fromDocument: ({ ComputeTopology: topology }) => {
    const id = topology?.Processor?.CpuGroup?.Id
    return id === undefined ? undefined : groupOf(id)
  },
  changes: {
    cpuGroup: {
      judge: ({ settings }) => {
        if (parseGuid(settings.Id ?? '') === undefined) throw invalidDocument('$.Settings.Id', 'expected a GUID')
      },
      apply: ({ settings }, present, host) => {
        const next = groupOf(settings.Id ?? '')
        if (next === undefined) return undefined
        if (!host.hasCpuGroup(next)) throw refusal(HRESULT.ERROR_NOT_FOUND, `there is no CPU group ${next}`)
        // From one group to another the way is through none.
        if (present !== undefined && present !== next) {
          throw refusal(HRESULT.E_INVALIDARG, `the VM is in the CPU group ${present}`)
        }
        return next
      },
    },
  },
  belongsToHost: true,
})

/** The null GUID stands for none; what is no GUID at all names a group that does not exist. */
function groupOf(id: string): string | undefined {
  const group = parseGuid(id) ?? id
  return group === NULL_GUID ? undefined : group
}

/** 0 is none. */
export const frequencyCapMHz = device<number>()({
  fromDocument: ({ ComputeTopology: topology }) => topology?.Processor?.MaximumFrequencyMHz ?? 0,
  changes: { frequencyCap: { apply: ({ type, settings }) => (type === 'Remove' ? 0 : settings) } },
})

export const idledProcessors = device<number>()({
  fromDocument: () => 0,
  changes: {
    idledProcessors: {
      judge: ({ settings }, _, host) => {
        if ((settings.IdleProcessorCount ?? 0) > host.processorCount) {
          throw refusal(HRESULT.E_INVALIDARG, `the VM has ${host.processorCount} processors`)
        }
      },
      apply: ({ settings }) => settings.IdleProcessorCount ?? 0,
    },
  },
})
