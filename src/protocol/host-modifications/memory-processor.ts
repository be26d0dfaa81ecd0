// Memory and processors of the VM. The requests of the methods have no type: they set the value.

import type { CallOptions } from '../call-options.js'
import type { CpuGroup, GpuConfiguration, IdleProcessorsRequest, Int64, ProcessorLimits } from '../schema/index.js'
import { ADD_UPDATE, ANY, hostModifications, resource, TOPOLOGY } from './statement.js'

export interface ResourceManager {
  /** The null GUID takes the VM out of its group. */
  setCPUGroup(settings: CpuGroup, options?: CallOptions): Promise<void>
  /** `Limit` 1..100000 (100000 is all of the VM's processors), `Weight` 0..10000. */
  updateCPULimits(settings: ProcessorLimits, options?: CallOptions): Promise<void>
  /** MiB, even. */
  updateMemory(sizeInMB: number, options?: CallOptions): Promise<void>
}

export const memoryProcessor = hostModifications<ResourceManager>()({
  resources: {
    memorySize: resource<Int64>({
      path: `${TOPOLOGY}/Memory/SizeInMB`,
      allowed: ANY,
      evidence: 'D',
      needs: ANY,
      settings: 'uint64',
      number: { name: 'sizeInMB', expected: 'expected a number of MiB' },
    }),
    cpuGroup: resource<CpuGroup>({
      path: `${TOPOLOGY}/Processor/CpuGroup`,
      allowed: ANY,
      evidence: 'D',
      needs: ANY,
      settings: 'CpuGroup',
      required: { Add: ['Id'], Remove: ['Id'], Update: ['Id'] },
    }),
    cpuLimits: resource<ProcessorLimits>({
      path: `${TOPOLOGY}/Processor/Limits`,
      allowed: ['Update'],
      evidence: 'S',
      needs: ['Update'],
      settings: 'ProcessorLimits',
    }),
    frequencyCap: resource<number>({
      path: `${TOPOLOGY}/Processor/CpuFrequencyPowerCap`,
      allowed: ANY,
      evidence: 'D',
      needs: ADD_UPDATE,
      settings: 'uint32',
    }),
    idledProcessors: resource<IdleProcessorsRequest>({
      path: `${TOPOLOGY}/Processor/IdledProcessors`,
      allowed: ['Update'],
      evidence: 'D',
      needs: ['Update'],
      settings: 'IdleProcessorsRequest',
    }),
    gpu: resource<GpuConfiguration>({
      path: `${TOPOLOGY}/Gpu`,
      allowed: ['Update'],
      evidence: 'D',
      needs: ['Update'],
      settings: 'GpuConfiguration',
    }),
  },
  methods: {
    setCPUGroup: { of: 'cpuGroup', takes: ['settings'] },
    updateCPULimits: { of: 'cpuLimits', takes: ['settings'] },
    updateMemory: { of: 'memorySize', takes: ['settings'] },
  },
})
