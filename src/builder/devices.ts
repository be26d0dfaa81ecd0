// Devices. What the document has is what can be changed while the VM runs: hot-adding needs its controller, share device or table here.

import { isGuid, sameGuid } from '../protocol/guid.js'
import { setMember } from '../protocol/json.js'
import type {
  Attachment,
  Plan9,
  VirtualPciFunction,
  VirtualPMemDevice,
  VirtualSmb,
  VirtualSmbShare,
} from '../protocol/schema/index.js'
import { count, numberKey, refuse, settings, text } from './check.js'
import type { Edit } from './draft.js'

export interface DeviceOptions {
  /**
   * Assigns a PCI function to a VMBus GUID, which is written in lower case; a device that is there already under it is replaced.
   * `numaAffinity` true: the device's memory node is told to the guest.
   *
   * @throws {InvalidConfigError} no GUID, or a function that another GUID has
   */
  addVPCIDevice(vmbusGuid: string, device: VirtualPciFunction, numaAffinity?: boolean): this
  /** An empty controller. Its attachments can be hot-added only below a controller that is in the document. */
  addSCSIController(id: string): this
  /** `lun` as text, 0..63. @throws {InvalidConfigError} no such controller, or a LUN in use */
  addSCSIDisk(controllerId: string, lun: string, disk: Attachment): this
  /** Replaces the section, devices included. */
  addVPMemController(maximumCount: number, maximumSizeBytes: number): this
  /** @throws {InvalidConfigError} no controller, or an id in use */
  addVPMemDevice(id: string, device: VirtualPMemDevice): this
  /** Replaces the section, shares included. */
  addVSMB(settings: VirtualSmb): this
  /** @throws {InvalidConfigError} no VSMB device, or a share name in use (names differ in more than case) */
  addVSMBShare(share: VirtualSmbShare): this
  /** Replaces the section, shares included. */
  addPlan9(settings: Plan9): this
  /** Connects a serial port to a named pipe. Port 0 is COM1; the path begins with `\\.\pipe\`. */
  setSerialConsole(port: number, listenerPath: string): this
  /** A keyboard, enhanced mode video and a monitor. */
  enableGraphicsConsole(): this
}

const PIPE_PREFIX = '\\\\.\\pipe\\'

/** An entry of a map by its own key, whatever its name. */
function entry<T>(map: Record<string, T> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined
}

export function vpciDevice(vmbusGuid: string, device: VirtualPciFunction, numaAffinity: boolean | undefined): Edit {
  const method = 'addVPCIDevice'
  if (!isGuid(vmbusGuid)) throw refuse(method, 'vmbusGuid', vmbusGuid, 'expected a GUID')
  if (numaAffinity !== undefined && typeof numaAffinity !== 'boolean') {
    throw refuse(method, 'numaAffinity', numaAffinity, 'expected a boolean')
  }
  const added = settings(method, 'device', device)
  const key = vmbusGuid.toLowerCase()
  return ({ VirtualMachine: { Devices: devices } }) => {
    const assigned = (devices.VirtualPci ??= {})
    for (const [guid, { Functions: functions = [] }] of Object.entries(assigned)) {
      if (sameGuid(guid, vmbusGuid)) Reflect.deleteProperty(assigned, guid)
      else if (functions.some((known) => sameFunction(known, added))) {
        throw refuse(method, 'device', added.DeviceInstancePath, `this function is assigned to ${guid} already`)
      }
    }
    assigned[key] = { Functions: [added], ...(numaAffinity === true ? { PropagateNumaAffinity: true } : {}) }
  }
}

function sameFunction(left: VirtualPciFunction, right: VirtualPciFunction): boolean {
  return (
    left.DeviceInstancePath?.toLowerCase() === right.DeviceInstancePath?.toLowerCase() &&
    (left.VirtualFunction ?? 0) === (right.VirtualFunction ?? 0)
  )
}

export function scsiController(id: string): Edit {
  const method = 'addSCSIController'
  const key = text(method, 'id', id)
  return ({ VirtualMachine: { Devices: devices } }) => {
    const controllers = (devices.Scsi ??= {})
    if (entry(controllers, key) !== undefined) throw refuse(method, 'id', id, 'this controller exists already')
    setMember(controllers, key, { Attachments: {} })
  }
}

export function scsiDisk(controllerId: string, lun: string, disk: Attachment): Edit {
  const method = 'addSCSIDisk'
  const key = numberKey(method, 'lun', lun)
  const attachment = settings(method, 'disk', disk)
  return ({ VirtualMachine: { Devices: devices } }) => {
    const controller = entry(devices.Scsi, controllerId)
    if (controller === undefined) throw refuse(method, 'controllerId', controllerId, 'there is no such SCSI controller')
    const attachments = (controller.Attachments ??= {})
    if (entry(attachments, key) !== undefined) throw refuse(method, 'lun', lun, 'this LUN is in use')
    attachments[key] = attachment
  }
}

export function vpmemController(maximumCount: number, maximumSizeBytes: number): Edit {
  const method = 'addVPMemController'
  const section = {
    MaximumCount: count(method, 'maximumCount', maximumCount),
    MaximumSizeBytes: count(method, 'maximumSizeBytes', maximumSizeBytes),
  }
  return (draft) => {
    draft.VirtualMachine.Devices.VirtualPMem = section
  }
}

export function vpmemDevice(id: string, device: VirtualPMemDevice): Edit {
  const method = 'addVPMemDevice'
  const key = numberKey(method, 'id', id)
  const added = settings(method, 'device', device)
  return ({ VirtualMachine: { Devices: devices } }) => {
    if (devices.VirtualPMem === undefined) throw refuse(method, 'id', id, 'there is no VPMem controller')
    const known = (devices.VirtualPMem.Devices ??= {})
    if (entry(known, key) !== undefined) throw refuse(method, 'id', id, 'this VPMem device exists already')
    known[key] = added
  }
}

export function vsmb(value: VirtualSmb): Edit {
  const section = settings('addVSMB', 'settings', value)
  return (draft) => {
    draft.VirtualMachine.Devices.VirtualSmb = section
  }
}

export function vsmbShare(share: VirtualSmbShare): Edit {
  const method = 'addVSMBShare'
  const added = settings(method, 'share', share)
  const name = text(method, 'share.Name', added.Name)
  return ({ VirtualMachine: { Devices: devices } }) => {
    if (devices.VirtualSmb === undefined) throw refuse(method, 'share', name, 'there is no VSMB device')
    const shares = devices.VirtualSmb.Shares ?? []
    if (shares.some((known) => known.Name?.toLowerCase() === name.toLowerCase())) {
      throw refuse(method, 'share.Name', name, 'this share exists already')
    }
    devices.VirtualSmb.Shares = [...shares, added]
  }
}

export function plan9(value: Plan9): Edit {
  const section = settings('addPlan9', 'settings', value)
  return (draft) => {
    draft.VirtualMachine.Devices.Plan9 = section
  }
}

export function serialConsole(port: number, listenerPath: string): Edit {
  const method = 'setSerialConsole'
  const key = String(count(method, 'port', port))
  const path = text(method, 'listenerPath', listenerPath)
  if (!path.startsWith(PIPE_PREFIX) || path.length === PIPE_PREFIX.length) {
    throw refuse(method, 'listenerPath', listenerPath, `expected a named pipe, ${PIPE_PREFIX}name`)
  }
  return ({ VirtualMachine: { Devices: devices } }) => {
    devices.ComPorts = { ...devices.ComPorts, [key]: { NamedPipe: path } }
  }
}

export function graphicsConsole(): Edit {
  return (draft) => {
    Object.assign(draft.VirtualMachine.Devices, { Keyboard: {}, EnhancedModeVideo: {}, VideoMonitor: {} })
  }
}
