// Devices of the host assigned to the VM (vPCI).

import { virtualPciPath } from '../../../protocol/resource-paths.js'
import type { VirtualPciDevice } from '../../../protocol/schema/index.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, guidSegment, type Change, type Subject } from './change.js'

export interface PCIManager {
  /** `vmbusGuid` is a fresh GUID of the caller's; it becomes the VMBus instance by which the guest finds the device. */
  addDevice(vmbusGuid: string, settings: VirtualPciDevice, options?: CallOptions): Promise<void>
  removeDevice(vmbusGuid: string, options?: CallOptions): Promise<void>
}

export function addDevice(subject: Subject, vmbusGuid: unknown, settings: unknown): Change {
  const path = virtualPciPath(guidSegment(subject, 'vmbusGuid', vmbusGuid))
  return change(subject, path, 'Add', documentText(subject, 'VirtualPciDevice', settings))
}

export function removeDevice(subject: Subject, vmbusGuid: unknown): Change {
  return change(subject, virtualPciPath(guidSegment(subject, 'vmbusGuid', vmbusGuid)), 'Remove')
}
