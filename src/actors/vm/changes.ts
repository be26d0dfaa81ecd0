// The host-side modifications as data: each is one modify request, {ResourcePath, RequestType?, Settings?}. Absent keys are absent.

import { InvalidConfigError } from '../../errors.js'
import {
  CPU_GROUP_PATH,
  CPU_LIMITS_PATH,
  MEMORY_SIZE_PATH,
  networkAdapterPath,
  scsiAttachmentPath,
} from '../../protocol/resource-paths.js'
import { SCSI_CONTROLLER_GUIDS } from '../../protocol/scsi.js'
import { documentText, isWellFormed } from '../arguments.js'

/** One modification, ready to send. */
export interface Change {
  op: string
  path: string
  /** The ModifySettingRequest as JSON text. */
  request: string
}

interface Subject {
  op: string
  id: string
}

function change(subject: Subject, path: string, requestType?: 'Add' | 'Remove' | 'Update', settings?: string): Change {
  const type = requestType === undefined ? '' : `,"RequestType":"${requestType}"`
  const body = settings === undefined ? '' : `,"Settings":${settings}`
  return { op: subject.op, path, request: `{"ResourcePath":${JSON.stringify(path)}${type}${body}}` }
}

function refuse(subject: Subject, path: string, value: unknown, reason: string): InvalidConfigError {
  return new InvalidConfigError({ ...subject, path, value, reason })
}

/** A name that becomes one segment of a resource path. @throws {InvalidConfigError} empty, with a slash, or no well-formed text */
function segment(subject: Subject, name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw refuse(subject, name, value, 'expected a non-empty string')
  if (value.includes('/')) throw refuse(subject, name, value, 'a segment of a resource path has no slash')
  if (value.includes('\0') || !isWellFormed(value)) {
    throw refuse(subject, name, value, 'expected text without NUL and unpaired surrogates')
  }
  return value
}

export function addNIC(subject: Subject, nicId: unknown, settings: unknown): Change {
  const path = networkAdapterPath(segment(subject, 'nicId', nicId))
  return change(subject, path, 'Add', documentText(subject, 'NetworkAdapter', settings))
}

export function removeNIC(subject: Subject, nicId: unknown, settings: unknown): Change {
  const path = networkAdapterPath(segment(subject, 'nicId', nicId))
  const text = settings === undefined ? undefined : documentText(subject, 'NetworkAdapter', settings)
  return change(subject, path, 'Remove', text)
}

export function updateNIC(subject: Subject, nicId: unknown, settings: unknown): Change {
  const path = networkAdapterPath(segment(subject, 'nicId', nicId))
  return change(subject, path, 'Update', documentText(subject, 'NetworkAdapter', settings))
}

function diskPath(subject: Subject, controller: unknown, lun: unknown): string {
  if (typeof controller !== 'number' || SCSI_CONTROLLER_GUIDS[controller] === undefined) {
    throw refuse(subject, 'controller', controller, 'expected 0, 1, 2 or 3')
  }
  if (typeof lun !== 'number' || !Number.isSafeInteger(lun) || lun < 0) {
    throw refuse(subject, 'lun', lun, 'expected an integer of 0 or more')
  }
  return scsiAttachmentPath(controller, lun)
}

export function addSCSIDisk(subject: Subject, disk: unknown, controller: unknown, lun: unknown): Change {
  const path = diskPath(subject, controller, lun)
  return change(subject, path, 'Add', documentText(subject, 'Attachment', disk))
}

export function removeSCSIDisk(subject: Subject, controller: unknown, lun: unknown): Change {
  return change(subject, diskPath(subject, controller, lun), 'Remove')
}

export function setCPUGroup(subject: Subject, settings: unknown): Change {
  return change(subject, CPU_GROUP_PATH, undefined, documentText(subject, 'CpuGroup', settings))
}

export function updateCPULimits(subject: Subject, settings: unknown): Change {
  return change(subject, CPU_LIMITS_PATH, undefined, documentText(subject, 'ProcessorLimits', settings))
}

export function updateMemory(subject: Subject, sizeInMB: unknown): Change {
  const isNumber = typeof sizeInMB === 'bigint' || (typeof sizeInMB === 'number' && Number.isFinite(sizeInMB))
  if (!isNumber) throw refuse(subject, 'sizeInMB', sizeInMB, 'expected a number of MiB')
  return change(subject, MEMORY_SIZE_PATH, undefined, String(sizeInMB))
}

/** By method name of the UtilityVM: every modification there is. */
export const VM_CHANGES = {
  addNIC,
  removeNIC,
  updateNIC,
  addSCSIDisk,
  removeSCSIDisk,
  setCPUGroup,
  updateCPULimits,
  updateMemory,
} as const satisfies Record<string, (subject: Subject, ...args: never[]) => Change>
