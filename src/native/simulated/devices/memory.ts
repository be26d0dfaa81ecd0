// The size of the memory, MiB.

import { HRESULT } from '../../../protocol/hresult.js'
import type { Int64 } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { device } from './device.js'

export const memoryMB = device<number>()({
  fromDocument: ({ ComputeTopology: topology }) => Number(topology?.Memory?.SizeInMB ?? 0),
  changes: {
    memorySize: {
      judge: ({ settings }) => {
        const problem = memoryProblem(settings)
        if (problem !== undefined) throw refusal(HRESULT.E_INVALIDARG, problem)
      },
      apply: ({ settings }, _, host) => {
        const size = Number(settings)
        if (!host.hasMemory(size)) throw refusal(HRESULT.ERROR_COMMITMENT_LIMIT, `the host has no ${size} MB`)
        return size
      },
    },
  },
  hostProblem: (size, host) =>
    host.hasMemory(size) ? undefined : refusal(HRESULT.ERROR_COMMITMENT_LIMIT, `the host has no ${size} MB left`),
})

/** Why a VM cannot have memory of this size. */
export function memoryProblem(size: Int64): string | undefined {
  // Beyond the safe integers it is too much in any case.
  const isRight = Number(size) > 0 && Number(size) % 2 === 0 && Number(size) <= Number.MAX_SAFE_INTEGER
  return isRight ? undefined : 'the memory size must be an even number of MB above 0'
}
