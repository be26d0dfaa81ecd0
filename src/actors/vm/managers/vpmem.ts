// Virtual persistent memory: images as /dev/pmem<id> of a Linux guest.

import { virtualPMemDevicePath } from '../../../protocol/resource-paths.js'
import type { VirtualPMemDevice } from '../../../protocol/schema/index.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, deviceNumber, type Change, type Subject } from './change.js'

export interface VPMemManager {
  /** `id` 0 up to, but not including, `VirtualPMem.MaximumCount` of the create document. */
  addVPMemDevice(id: number, settings: VirtualPMemDevice, options?: CallOptions): Promise<void>
  removeVPMemDevice(id: number, options?: CallOptions): Promise<void>
}

export function addVPMemDevice(subject: Subject, id: unknown, settings: unknown): Change {
  const path = virtualPMemDevicePath(deviceNumber(subject, 'id', id))
  return change(subject, path, 'Add', documentText(subject, 'VirtualPMemDevice', settings))
}

export function removeVPMemDevice(subject: Subject, id: unknown): Change {
  return change(subject, virtualPMemDevicePath(deviceNumber(subject, 'id', id)), 'Remove')
}
