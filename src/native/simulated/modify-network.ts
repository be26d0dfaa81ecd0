// Network adapters.

import { HRESULT } from '../../protocol/hresult.js'
import { findKey } from '../../protocol/resource-paths.js'
import type { NetworkAdapter } from '../../protocol/schema/index.js'
import { HcsFailure } from './failure.js'
import type { ModifyRequest, ModifySurroundings } from './modify.js'
import type { ComputeSystemModel } from './system.js'

/** Synthetic adapters of one Hyper-V VM. */
const MAX_ADAPTERS = 8

export function modifyAdapter(
  { path, type, settings }: ModifyRequest<'networkAdapter'>,
  system: ComputeSystemModel,
  surroundings: ModifySurroundings,
): void {
  surroundings.checkState()
  const { adapters } = system.live
  const key = findKey(adapters.keys(), path.id)
  if (type === 'Add' ? key !== undefined : key === undefined) {
    throw new HcsFailure(type === 'Add' ? HRESULT.ERROR_ALREADY_EXISTS : HRESULT.ERROR_NOT_FOUND)
  }
  if (type === 'Remove') {
    adapters.delete(key ?? path.id)
    return
  }
  if (type === 'Add' && adapters.size >= MAX_ADAPTERS) throw new HcsFailure(HRESULT.ERROR_NOT_SUPPORTED)
  const adapter = settings as NetworkAdapter
  const problem = surroundings.endpointProblem(adapter.EndpointId ?? '', system, key ?? path.id)
  if (problem !== undefined) throw new HcsFailure(problem)
  adapters.set(key ?? path.id, adapter)
}
