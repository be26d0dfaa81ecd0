// Resource paths of modify requests, built for the managers. The simulated service takes them apart by a table of its own.

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

/** The key of a table that a path segment names: GUIDs in any case and with or without braces, other names to the letter. */
export function findKey(keys: Iterable<string>, segment: string): string | undefined {
  for (const key of keys) if (key === segment || sameGuid(key, segment)) return key
  return undefined
}
