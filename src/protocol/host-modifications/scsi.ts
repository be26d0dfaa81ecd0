// SCSI disks of the VM. The guest mounts what the host has attached, and unmounts before the host detaches.

import type { CallOptions } from '../call-options.js'
import type { Attachment } from '../schema/index.js'
import { NUMBER, SCSI_CONTROLLER } from './segments.js'
import { ADD_UPDATE, ANY, DEVICES, hostModifications, resource } from './statement.js'

export interface SCSIManager {
  /** `controller` 0..3, `lun` 0..63; the controller must be in the create document. */
  addSCSIDisk(disk: Attachment, controller: number, lun: number, options?: CallOptions): Promise<void>
  removeSCSIDisk(controller: number, lun: number, options?: CallOptions): Promise<void>
}

export const scsi = hostModifications<SCSIManager>()({
  resources: {
    scsiAttachment: resource<Attachment>({
      path: `${DEVICES}/Scsi/{controller}/Attachments/{lun}`,
      segments: { controller: SCSI_CONTROLLER, lun: NUMBER },
      allowed: ANY,
      evidence: 'D',
      needs: ADD_UPDATE,
      settings: 'Attachment',
    }),
  },
  methods: {
    addSCSIDisk: { of: 'scsiAttachment', verb: 'Add', takes: ['settings', 'controller', 'lun'] },
    removeSCSIDisk: { of: 'scsiAttachment', verb: 'Remove', takes: ['controller', 'lun'] },
  },
})
