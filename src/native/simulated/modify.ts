// Modifications of a running system. Every check comes before anything changes, in the order JSON, path and type, VM state, device
// class, existence of the target, files; so a refusal changes nothing.

import { checkDocument } from '../../protocol/document.js'
import { HRESULT } from '../../protocol/hresult.js'
import { member } from '../../protocol/json.js'
import { parseResourcePath, type ResourcePath } from '../../protocol/resource-paths.js'
import { parseDocument } from './create-document.js'
import { HcsFailure, invalidDocument } from './failure.js'
import { modifyAdapter } from './modify-network.js'
import { modifyCpuGroup, modifyLimits, modifyMemory } from './modify-resources.js'
import { modifyDisk } from './modify-scsi.js'
import type { ComputeSystemModel } from './system.js'

export type RequestType = 'Add' | 'Remove' | 'Update'

/** What a modification may look at beyond its own system. */
export interface ModifySurroundings {
  hasCpuGroup(id: string): boolean
  /** Why an endpoint cannot be attached; undefined when it can. */
  endpointProblem(endpointId: string, system: ComputeSystemModel, adapter: string): number | undefined
  /** Whether the host has this much memory for the system. */
  hasMemory(sizeInMB: number, system: ComputeSystemModel): boolean
  /** Refuses when the system is in a state that does not take changes. @throws {HcsFailure} */
  checkState(): void
}

/** One understood request. */
export interface ModifyRequest<K extends ResourcePath['kind']> {
  path: Extract<ResourcePath, { kind: K }>
  type: RequestType
  settings: unknown
}

type Handler<K extends ResourcePath['kind']> = (
  request: ModifyRequest<K>,
  system: ComputeSystemModel,
  surroundings: ModifySurroundings,
) => void

interface Resource<K extends ResourcePath['kind']> {
  allowed: readonly RequestType[]
  /** Request types that need settings; the others ignore them. */
  needs: readonly RequestType[]
  /** Schema type of the settings. */
  settings: string
  apply: Handler<K>
}

const ANY: readonly RequestType[] = ['Add', 'Remove', 'Update']

const RESOURCES: { [K in ResourcePath['kind']]: Resource<K> } = {
  memorySize: { allowed: ANY, needs: ANY, settings: 'uint64', apply: modifyMemory },
  cpuGroup: { allowed: ANY, needs: ANY, settings: 'CpuGroup', apply: modifyCpuGroup },
  cpuLimits: { allowed: ['Update'], needs: ANY, settings: 'ProcessorLimits', apply: modifyLimits },
  scsiAttachment: { allowed: ANY, needs: ['Add', 'Update'], settings: 'Attachment', apply: modifyDisk },
  networkAdapter: { allowed: ANY, needs: ['Add', 'Update'], settings: 'NetworkAdapter', apply: modifyAdapter },
}

/** The path a request names, as far as it can be read: fault rules match on it. */
export function requestPath(text: string): string | undefined {
  try {
    const path = member(parseDocument(text), 'ResourcePath')
    return typeof path === 'string' ? path : undefined
  } catch {
    return undefined
  }
}

/** Carries out one request. @throws {HcsFailure} nothing has changed then */
export function modifySystem(text: string, system: ComputeSystemModel, surroundings: ModifySurroundings): void {
  const request = parseDocument(text)
  const path = member(request, 'ResourcePath')
  const given = member(request, 'RequestType')
  if (path !== undefined && typeof path !== 'string') {
    throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$.ResourcePath', 'expected a string')
  }
  const type = readRequestType(given)
  const parsed = typeof path === 'string' ? parseResourcePath(path) : undefined
  if (parsed === undefined) throw new HcsFailure(HRESULT.E_INVALIDARG)
  apply(parsed, type, member(request, 'Settings'), system, surroundings)
}

/** Absent stands for Update: it sets the value. */
function readRequestType(given: unknown): RequestType {
  if (given === undefined || given === null || given === '') return 'Update'
  if (given === 'PreAdd') throw new HcsFailure(HRESULT.E_INVALIDARG)
  const type = ANY.find((candidate) => candidate === given)
  if (type === undefined)
    throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$.RequestType', 'expected Add, Remove or Update')
  return type
}

function apply<K extends ResourcePath['kind']>(
  path: Extract<ResourcePath, { kind: K }>,
  type: RequestType,
  settings: unknown,
  system: ComputeSystemModel,
  surroundings: ModifySurroundings,
): void {
  const resource = RESOURCES[path.kind] as Resource<K>
  if (!resource.allowed.includes(type)) throw new HcsFailure(HRESULT.E_INVALIDARG)
  if (resource.needs.includes(type)) {
    if (settings === undefined || settings === null) {
      throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, '$.Settings', 'required here')
    }
    const [problem] = checkDocument(resource.settings, settings, { strict: false })
    if (problem !== undefined) {
      throw invalidDocument(HRESULT.HCS_E_INVALID_JSON, problem.path.replace('$', '$.Settings'), problem.problem)
    }
  }
  resource.apply({ path, type, settings }, system, surroundings)
}
