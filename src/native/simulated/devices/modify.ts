// Modifications of a running system. Every check comes before anything changes, in the order JSON, path and type, VM state, device
// class, existence of the target, files; so a refusal changes nothing.

import { checkDocument } from '../../../protocol/document.js'
import {
  findResource,
  HOST_RESOURCES,
  type HostResource,
  type ResourceKind,
  type Verb,
} from '../../../protocol/host-modifications/index.js'
import { HRESULT } from '../../../protocol/hresult.js'
import { member } from '../../../protocol/json.js'
import { HcsFailure, invalidDocument, refusal } from '../failure.js'
import { parseDocument, withoutNulls } from '../state/documents.js'
import { checkState } from '../state/states.js'
import type { ComputeSystemModel } from '../state/system.js'
import type * as DEVICES from './all.js'
import type { Change, DeviceHost } from './device.js'
import { ALL_DEVICES, type DeviceName, type LiveConfiguration } from './live-configuration.js'

type Devices = typeof DEVICES
type Changed = { [K in DeviceName]: keyof Devices[K]['changes'] }[DeviceName]

interface DeviceChange {
  readonly device: DeviceName
  readonly change: Change<unknown, unknown>
}

/** How each kind of resource changes. Does not compile when no device changes one of them. */
const CHANGES: Readonly<Record<ResourceKind, DeviceChange>> = Object.fromEntries(
  ALL_DEVICES.flatMap(([device, { changes }]) =>
    Object.entries(changes).map(([kind, change]): [string, DeviceChange] => [kind, { device, change }]),
  ),
) as Record<Changed, DeviceChange>

/** A request, parsed once: what it is about is asked before it is carried out. */
export interface ReadRequest {
  /** Its resource path, as far as there is one: fault rules match on it. */
  readonly path: string | undefined
  /** What it says, or why that cannot be read: that is told when it is carried out. */
  readonly document: Record<string, unknown> | HcsFailure
}

export function readRequest(text: string): ReadRequest {
  try {
    const document = parseDocument(text)
    const path = member(document, 'ResourcePath')
    return { path: typeof path === 'string' ? path : undefined, document }
  } catch (error) {
    if (!(error instanceof HcsFailure)) throw error
    return { path: undefined, document: error }
  }
}

/** One request, every check behind it: what it makes of its device. */
export interface PlannedChange {
  readonly kind: ResourceKind
  /** What stands for the placeholders of the path. */
  readonly segments: readonly string[]
  readonly type: Verb
  /** Of the type that the resource has. */
  readonly settings: unknown
  /** The devices as they are once it was carried out. */
  readonly live: LiveConfiguration
}

/** Carries out one request. `strict` refuses members that the schema does not have. @throws {HcsFailure} nothing has changed then */
export function modifySystem(
  request: ReadRequest,
  system: ComputeSystemModel,
  host: DeviceHost,
  strict: boolean,
): void {
  const planned = planModification(request, system, host, strict)
  if (planned !== undefined) system.live = planned.live
}

/** Checks one request and changes nothing. Undefined: it is for the guest, whose connection is HCS's own. @throws {HcsFailure} */
export function planModification(
  request: ReadRequest,
  system: ComputeSystemModel,
  host: DeviceHost,
  strict: boolean,
): PlannedChange | undefined {
  const { document, path = '' } = request
  if (document instanceof HcsFailure) throw document
  const [problem] = checkDocument('ModifySettingRequest', document, { strict })
  if (problem !== undefined) throw invalidDocument(problem.path, problem.problem)
  if (path === '' && member(document, 'GuestRequest') != null) {
    passToGuest(system)
    return undefined
  }
  const target = findResource(path)
  if (target === undefined) throw refusal(HRESULT.E_INVALIDARG, `there is no resource path ${JSON.stringify(path)}`)
  const { kind, segments } = target
  const rule: HostResource = HOST_RESOURCES[kind]
  const type = verbOf(document, rule)
  const given = member(document, 'Settings')
  checkSettings(rule, type, given, strict)
  const { device, change } = CHANGES[kind]
  const settings = withoutNulls(given)
  const understood = { segments, type, settings }
  change.judge?.(understood, system.live[device], host)
  checkState('modify', system.state)
  const live = { ...system.live, [device]: change.apply(understood, system.live[device], host) }
  return { kind, segments, type, settings, live }
}

/** Absent stands for Update: it sets the value. @throws {HcsFailure} the resource does not take it */
function verbOf(document: Record<string, unknown>, { allowed, path }: HostResource): Verb {
  const type = member(document, 'RequestType') || 'Update'
  const verb = allowed.find((one) => one === type)
  if (verb === undefined) throw refusal(HRESULT.E_INVALIDARG, `${String(type)} is not a request type of ${path}`)
  return verb
}

/** Through the guest connection that HCS itself owns, if it has one. */
function passToGuest(system: ComputeSystemModel): void {
  checkState('modify', system.state)
  if (system.document.VirtualMachine?.GuestConnection == null) {
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'the VM has no guest connection')
  }
}

function checkSettings(rule: HostResource, type: Verb, settings: unknown, strict: boolean): void {
  const isThere = settings !== undefined && settings !== null
  if (rule.settings === undefined) {
    if (isThere) throw refusal(HRESULT.E_INVALIDARG, `${rule.path} takes no settings`)
    return
  }
  if (!rule.needs.includes(type)) return
  if (!isThere) throw invalidDocument('$.Settings', 'required here')
  const [problem] = checkDocument(rule.settings, settings, { strict })
  if (problem !== undefined) throw invalidDocument(problem.path.replace('$', '$.Settings'), problem.problem)
  for (const name of rule.required?.[type] ?? []) {
    const value = member(settings, name)
    if (value === undefined || value === null || value === '') {
      throw invalidDocument(`$.Settings.${name}`, 'required here')
    }
  }
}
