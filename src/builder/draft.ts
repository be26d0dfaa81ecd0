// The document under construction. Every section that the setters write is there from the start.

import { copyDocument } from '../protocol/document.js'
import { isRecord } from '../protocol/json.js'
import { fieldsOf } from '../protocol/schema/field-table.js'
import type {
  Chipset,
  ComputeSystem,
  Devices,
  Topology,
  VirtualMachine,
  VirtualMachineMemory,
  VirtualMachineProcessor,
} from '../protocol/schema/index.js'
import type { GuestOS } from '../protocol/guest-os.js'

export interface Draft extends ComputeSystem {
  VirtualMachine: VirtualMachine & {
    Chipset: Chipset
    ComputeTopology: Topology & { Memory: VirtualMachineMemory; Processor: VirtualMachineProcessor }
    Devices: Devices
  }
}

/** SYSTEM and elevated administrators may listen for the guest's connections. */
const DEFAULT_BIND_DESCRIPTOR = 'D:P(A;;FA;;;SY)(A;;FA;;;BA)'

export function newDraft(owner: string, guestOS: GuestOS, plan9: boolean): Draft {
  const devices: Devices = {
    HvSocket: { HvSocketConfig: { DefaultBindSecurityDescriptor: DEFAULT_BIND_DESCRIPTOR, ServiceTable: {} } },
  }
  if (guestOS === 'windows') devices.VirtualSmb = {}
  else if (plan9) devices.Plan9 = {}
  return {
    Owner: owner,
    SchemaVersion: { Major: 2, Minor: 1 },
    ShouldTerminateOnLastHandleClosed: true,
    VirtualMachine: {
      StopOnReset: true,
      Chipset: {},
      ComputeTopology: { Memory: {}, Processor: {} },
      Devices: devices,
    },
  }
}

/** What a setter works on: it changes the draft it is given, or throws and leaves the builder with the one it had. */
export type Edit = (draft: Draft) => void

export function edited(draft: Draft, edit: Edit): Draft {
  const next = copyDocument(draft)
  edit(next)
  return next
}

/** Sets a member of a section, or takes it away. */
export function setOrClear<T extends object, K extends keyof T>(section: T, name: K, value: T[K] | undefined): void {
  if (value === undefined) Reflect.deleteProperty(section, name)
  else section[name] = value
}

/** Gives a section the named members of `from`; one that `from` lacks goes. */
export function replaceMembers<T extends object>(section: T, from: T, names: readonly (keyof T)[]): void {
  for (const name of names) setOrClear(section, name, from[name])
}

/**
 * Leaves out maps without entries, as the reference does: a newer or older service may take an empty one for something else. The service
 * table stays: without it the service refuses to change it later.
 */
export function withoutEmptyMaps<T>(type: string, value: T): T {
  if (!isRecord(value)) return value
  for (const { name, of, shape } of fieldsOf(type) ?? []) {
    const member = value[name]
    if (shape === 'map' && isRecord(member)) {
      for (const entry of Object.values(member)) withoutEmptyMaps(of, entry)
      if (Object.keys(member).length === 0 && name !== 'ServiceTable') Reflect.deleteProperty(value, name)
    } else if (shape === 'array' && Array.isArray(member)) for (const entry of member) withoutEmptyMaps(of, entry)
    else withoutEmptyMaps(of, member)
  }
  return value
}
