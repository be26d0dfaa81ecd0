// Memory and processors of the VM. These requests have no RequestType: they set the value.

import { CPU_GROUP_PATH, CPU_LIMITS_PATH, MEMORY_SIZE_PATH } from '../../../protocol/resource-paths.js'
import type { CpuGroup, ProcessorLimits } from '../../../protocol/schema/index.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, refuse, type Change, type Subject } from './change.js'

export interface ResourceManager {
  /** The null GUID takes the VM out of its group. */
  setCPUGroup(settings: CpuGroup, options?: CallOptions): Promise<void>
  /** `Limit` 1..100000 (100000 is all of the VM's processors), `Weight` 0..10000. */
  updateCPULimits(settings: ProcessorLimits, options?: CallOptions): Promise<void>
  /** MiB, even. */
  updateMemory(sizeInMB: number, options?: CallOptions): Promise<void>
}

export function setCPUGroup(subject: Subject, settings: unknown): Change {
  return change(subject, CPU_GROUP_PATH, undefined, documentText(subject, 'CpuGroup', settings))
}

export function updateCPULimits(subject: Subject, settings: unknown): Change {
  return change(subject, CPU_LIMITS_PATH, undefined, documentText(subject, 'ProcessorLimits', settings))
}

export function updateMemory(subject: Subject, sizeInMB: unknown): Change {
  const isNumber = typeof sizeInMB === 'bigint' || (typeof sizeInMB === 'number' && Number.isFinite(sizeInMB))
  if (!isNumber) throw refuse(subject, 'sizeInMB', sizeInMB, 'expected a number of MiB')
  return change(subject, MEMORY_SIZE_PATH, undefined, String(sizeInMB))
}
