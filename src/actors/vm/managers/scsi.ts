// SCSI disks of the VM. The guest mounts what the host has attached, and unmounts before the host detaches.

import { scsiAttachmentPath } from '../../../protocol/resource-paths.js'
import type { Attachment } from '../../../protocol/schema/index.js'
import { SCSI_CONTROLLER_GUIDS } from '../../../protocol/scsi.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, deviceNumber, refuse, type Change, type Subject } from './change.js'

export interface SCSIManager {
  /** `controller` 0..3, `lun` 0..63; the controller must be in the create document. */
  addSCSIDisk(disk: Attachment, controller: number, lun: number, options?: CallOptions): Promise<void>
  removeSCSIDisk(controller: number, lun: number, options?: CallOptions): Promise<void>
}

function diskPath(subject: Subject, controller: unknown, lun: unknown): string {
  if (typeof controller !== 'number' || SCSI_CONTROLLER_GUIDS[controller] === undefined) {
    throw refuse(subject, 'controller', controller, 'expected 0, 1, 2 or 3')
  }
  return scsiAttachmentPath(controller, deviceNumber(subject, 'lun', lun))
}

export function addSCSIDisk(subject: Subject, disk: unknown, controller: unknown, lun: unknown): Change {
  const path = diskPath(subject, controller, lun)
  return change(subject, path, 'Add', documentText(subject, 'Attachment', disk))
}

export function removeSCSIDisk(subject: Subject, controller: unknown, lun: unknown): Change {
  return change(subject, diskPath(subject, controller, lun), 'Remove')
}
