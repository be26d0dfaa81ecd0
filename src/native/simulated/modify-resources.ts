// Memory and processors.

import { HRESULT } from '../../protocol/hresult.js'
import { isGuid, NULL_GUID } from '../../protocol/guid.js'
import type { CpuGroup, Int64, ProcessorLimits } from '../../protocol/schema/index.js'
import { HcsFailure, invalidDocument } from './failure.js'
import type { ModifyRequest, ModifySurroundings } from './modify.js'
import type { ComputeSystemModel } from './system.js'

/** 100 % of the VM's processors in the scale of Limit and Reservation. */
const MAX_LIMIT = 100_000
const MAX_WEIGHT = 10_000

export function modifyMemory(
  { settings }: ModifyRequest<'memorySize'>,
  system: ComputeSystemModel,
  surroundings: ModifySurroundings,
): void {
  const size = BigInt(settings as Int64)
  if (size === 0n || size % 2n !== 0n || size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new HcsFailure(HRESULT.E_INVALIDARG)
  surroundings.checkState()
  if (!surroundings.hasMemory(Number(size), system)) throw new HcsFailure(HRESULT.ERROR_COMMITMENT_LIMIT)
  system.live.memoryMB = Number(size)
}

export function modifyLimits(
  { settings }: ModifyRequest<'cpuLimits'>,
  system: ComputeSystemModel,
  surroundings: ModifySurroundings,
): void {
  const limits = settings as ProcessorLimits
  const outside = (value: Int64 | undefined, low: number, high: number): boolean =>
    value !== undefined && (value < low || value > high)
  // Absent and zero mean the same: the reference implementation leaves zero out.
  const wrong =
    outside(limits.Limit, 0, MAX_LIMIT) ||
    outside(limits.Weight, 0, MAX_WEIGHT) ||
    outside(limits.Reservation, 0, MAX_LIMIT)
  if (wrong) throw new HcsFailure(HRESULT.E_INVALIDARG)
  surroundings.checkState()
  system.live.limits = { ...limits }
}

export function modifyCpuGroup(
  { settings }: ModifyRequest<'cpuGroup'>,
  system: ComputeSystemModel,
  surroundings: ModifySurroundings,
): void {
  const { Id } = settings as CpuGroup
  if (!isGuid(Id)) throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$.Settings.Id', 'expected a GUID')
  const id = Id.toLowerCase()
  surroundings.checkState()
  if (!surroundings.hasCpuGroup(id)) throw new HcsFailure(HRESULT.ERROR_NOT_FOUND)
  const present = system.live.cpuGroup
  // From one group to another the way is through none.
  if (id !== NULL_GUID && present !== undefined && present !== id) throw new HcsFailure(HRESULT.E_INVALIDARG)
  system.live.cpuGroup = id === NULL_GUID ? undefined : id
}
