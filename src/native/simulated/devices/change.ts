// What the kinds of resources have in common: how a change of one is judged and made.

import type { Verb } from '../../../protocol/host-modifications/index.js'
import { HRESULT } from '../../../protocol/hresult.js'
import { refusal } from '../failure.js'
import type { ComputeSystemModel } from '../state/system.js'

/** What a modification may look at beyond its own system. */
export interface ModifySurroundings {
  /** Refuse members that the schema does not have. */
  readonly strict: boolean
  hasCpuGroup(id: string): boolean
  /** Why an endpoint cannot be attached; undefined when it can. */
  endpointProblem(endpointId: string, system: ComputeSystemModel, adapter: string): number | undefined
  /** Whether the host has this much memory for the system. */
  hasMemory(sizeInMB: number, system: ComputeSystemModel): boolean
}

/** One understood request. */
export interface ModifyRequest<S> {
  /** What stands for the placeholders of the path. */
  segments: readonly string[]
  type: Verb
  /** Of the schema type that the path has; only there when the request type needs them. */
  settings: S
}

/** How one kind of resource changes. */
export interface Resource<S = unknown> {
  /** Ranges and contradictions, before the state is looked at. @throws {HcsFailure} */
  judge?(request: ModifyRequest<S>, system: ComputeSystemModel): void
  /** Class, target, files; then the change. @throws {HcsFailure} nothing has changed then */
  apply(request: ModifyRequest<S>, system: ComputeSystemModel, surroundings: ModifySurroundings): void
}

/** Refuses an Add of what is there, and a Remove or Update of what is not. @throws {HcsFailure} */
export function checkTarget(type: Verb, isThere: boolean, what: string): void {
  if (type === 'Add' && isThere) throw refusal(HRESULT.ERROR_ALREADY_EXISTS, `${what} is taken`)
  if (type !== 'Add' && !isThere) throw refusal(HRESULT.ERROR_NOT_FOUND, `there is no ${what}`)
}

/** The device class, if the create document has it. @throws {HcsFailure} */
export function deviceClass<T>(present: T | undefined, what: string): T {
  if (present === undefined) throw refusal(HRESULT.ERROR_NOT_FOUND, `the VM was created without ${what}`)
  return present
}

/** Adds, removes or replaces one entry of a table. @throws {HcsFailure} see checkTarget */
export function changeEntry<K, V>(table: Map<K, V>, key: K, type: Verb, value: V, what: string): void {
  checkTarget(type, table.has(key), what)
  if (type === 'Remove') table.delete(key)
  else table.set(key, value)
}
