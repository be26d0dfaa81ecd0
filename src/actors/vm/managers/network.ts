// Network adapters of the VM.

import { networkAdapterPath } from '../../../protocol/resource-paths.js'
import type { NetworkAdapter } from '../../../protocol/schema/index.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, segment, type Change, type Subject } from './change.js'

export interface NetworkManager {
  /** `nicId` is the adapter's key, a GUID or any other name without a slash; the endpoint must exist and be free. */
  addNIC(nicId: string, settings: NetworkAdapter, options?: CallOptions): Promise<void>
  /** `nicId` must be spelled as it was when the adapter was added. */
  removeNIC(nicId: string, settings?: NetworkAdapter, options?: CallOptions): Promise<void>
  updateNIC(nicId: string, settings: NetworkAdapter, options?: CallOptions): Promise<void>
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
