// Resource paths of modify requests: built for the managers, and taken apart for the simulated service.

import { sameGuid } from './guid.js'
import { SCSI_CONTROLLER_GUIDS } from './scsi.js'

const VM = 'VirtualMachine'

export const MEMORY_SIZE_PATH = `${VM}/ComputeTopology/Memory/SizeInMB`
export const CPU_GROUP_PATH = `${VM}/ComputeTopology/Processor/CpuGroup`
export const CPU_LIMITS_PATH = `${VM}/ComputeTopology/Processor/Limits`

export function networkAdapterPath(nicId: string): string {
  return `${VM}/Devices/NetworkAdapters/${nicId}`
}

/** `controller` 0..3. */
export function scsiAttachmentPath(controller: number, lun: number): string {
  const guid = SCSI_CONTROLLER_GUIDS[controller]
  if (guid === undefined) throw new RangeError(`no SCSI controller ${controller}`)
  return `${VM}/Devices/Scsi/${guid}/Attachments/${lun}`
}

export const PLAN9_SHARES_PATH = `${VM}/Devices/Plan9/Shares`
export const VSMB_SHARES_PATH = `${VM}/Devices/VirtualSmb/Shares`

export function virtualPciPath(vmbusGuid: string): string {
  return `${VM}/Devices/VirtualPci/${vmbusGuid}`
}

/** `hostPath` whole, backslashes and all. */
export function mappedPipePath(hostPath: string): string {
  return `${VM}/Devices/MappedPipes/${hostPath}`
}

export function hvSocketServicePath(serviceId: string): string {
  return `${VM}/Devices/HvSocket/HvSocketConfig/ServiceTable/${serviceId}`
}

export function virtualPMemDevicePath(id: number): string {
  return `${VM}/Devices/VirtualPMem/Devices/${id}`
}

/** A resource path, understood. Numbers stay as the text says; their range is the service's to judge. */
export type ResourcePath =
  | { kind: 'memorySize' }
  | { kind: 'cpuGroup' }
  | { kind: 'cpuLimits' }
  | { kind: 'scsiAttachment'; controller: string; lun: number }
  | { kind: 'networkAdapter'; id: string }

type Rule = readonly [pattern: RegExp, make: (groups: string[]) => ResourcePath]

const RULES: readonly Rule[] = [
  [/^VirtualMachine\/ComputeTopology\/Memory\/SizeInMB$/, () => ({ kind: 'memorySize' })],
  [/^VirtualMachine\/ComputeTopology\/Processor\/CpuGroup$/, () => ({ kind: 'cpuGroup' })],
  [/^VirtualMachine\/ComputeTopology\/Processor\/Limits$/, () => ({ kind: 'cpuLimits' })],
  [
    /^VirtualMachine\/Devices\/Scsi\/([^/]+)\/Attachments\/(\d{1,10})$/,
    ([controller = '', lun = '']) => ({ kind: 'scsiAttachment', controller, lun: Number(lun) }),
  ],
  [/^VirtualMachine\/Devices\/NetworkAdapters\/([^/]+)$/, ([id = '']) => ({ kind: 'networkAdapter', id })],
]

/** Undefined for a path that no rule knows. Literal segments are case-sensitive. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  for (const [pattern, make] of RULES) {
    const found = pattern.exec(path)
    if (found !== null) return make(found.slice(1))
  }
  return undefined
}

/** The key of a table that a path segment names: GUIDs in any case and with or without braces, other names to the letter. */
export function findKey(keys: Iterable<string>, segment: string): string | undefined {
  for (const key of keys) if (key === segment || sameGuid(key, segment)) return key
  return undefined
}
