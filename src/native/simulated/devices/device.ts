// How a device of a VM is written down here: what the create document makes of it, what a modification makes of it, and what a start
// asks of the host. A device as it is now is a value that never changes: a modification answers with the next one, so a refusal has
// changed nothing, and saving, moving and cloning a VM take what is there.
//
// One file of this folder is one device; all.ts names it. Everything of it is saved and moved with its VM, unless it belongs to the host.

import { HRESULT } from '../../../protocol/hresult.js'
import type { ResourceKind, ResourceSettings, Verb } from '../../../protocol/host-modifications/index.js'
import type { ComputeSystem } from '../../../protocol/schema/index.js'
import { refusal, type HcsFailure } from '../failure.js'

/** The part of a create document that is about the machine. */
export type VirtualMachine = NonNullable<ComputeSystem['VirtualMachine']>

/** What a device may look at beyond itself: its own VM's host. */
export interface DeviceHost {
  readonly processorCount: number
  hasCpuGroup(id: string): boolean
  /** Why an endpoint cannot be attached to an adapter; undefined when it can. */
  endpointProblem(endpointId: string, adapter: string): number | undefined
  /** Whether the host has this much memory for the VM. */
  hasMemory(sizeInMB: number): boolean
}

/** One understood request. */
export interface ModifyRequest<S> {
  /** What stands for the placeholders of the path. */
  readonly segments: readonly string[]
  readonly type: Verb
  /** Of the type that the resource has; only there when the request type needs them. */
  readonly settings: S
}

/** How one resource of a device changes. */
export interface Change<Live, S> {
  /** Ranges and contradictions, before the state is looked at. @throws {HcsFailure} */
  judge?(request: ModifyRequest<S>, live: Live, host: DeviceHost): void
  /** Class, target, files; then the device as it is from now on. @throws {HcsFailure} */
  apply(request: ModifyRequest<S>, live: Live, host: DeviceHost): Live
}

export interface Device<Live> {
  /** As the document asks for it. A class that the document does not have is undefined: nothing of it can be added later. */
  fromDocument(vm: VirtualMachine): Live
  readonly changes: { readonly [K in ResourceKind]?: Change<Live, ResourceSettings<K>> }
  /** A slot of the document that there is not. */
  slotProblem?(vm: VirtualMachine): { path: string; problem: string } | undefined
  /** Why no machine can be built with it. */
  buildProblem?(vm: VirtualMachine): HcsFailure | undefined
  /** A file of the host that it cannot open. */
  fileProblem?(live: Live): HcsFailure | undefined
  /** Something else of the host that it cannot have. */
  hostProblem?(live: Live, host: DeviceHost): HcsFailure | undefined
  /** It stays when its VM is saved or moved. */
  readonly belongsToHost?: true
}

/** One device, which keeps of what it can change that it does. */
export function device<Live>(): <K extends ResourceKind>(
  definition: Omit<Device<Live>, 'changes'> & { readonly changes: { [P in K]: Change<Live, ResourceSettings<P>> } },
) => typeof definition {
  return (definition) => definition
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

/** A table with one entry added, replaced or removed. @throws {HcsFailure} see checkTarget */
export function changed<K, V>(table: ReadonlyMap<K, V>, key: K, type: Verb, value: V, what: string): Map<K, V> {
  checkTarget(type, table.has(key), what)
  return type === 'Remove' ? without(table, key) : withEntry(table, key, value)
}

export function withEntry<K, V>(table: ReadonlyMap<K, V>, key: K, value: V): Map<K, V> {
  return new Map(table).set(key, value)
}

export function without<K, V>(table: ReadonlyMap<K, V>, key: K): Map<K, V> {
  const rest = new Map(table)
  rest.delete(key)
  return rest
}

/** A table of a document by its keys. */
export function entries<T>(table: Record<string, T> | null | undefined): [string, T][] {
  return Object.entries(table ?? {})
}

/** A table of a document whose keys are numbers. */
export function byNumber<T>(table: Record<string, T> | null | undefined): Map<number, T> {
  return new Map(entries(table).map(([key, value]) => [Number(key), value]))
}
