// The Hyper-V socket services of the VM: who on the host may listen for, or connect to, each.

import { hvSocketServicePath } from '../../../protocol/resource-paths.js'
import type { HvSocketServiceConfig } from '../../../protocol/schema/index.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, guidSegment, type Change, type Subject } from './change.js'

export interface VMSocketManager {
  /** Creates the entry or replaces it. `Disabled` with both descriptors empty removes it; `Disabled` alone cuts its connections. */
  updateHvSocketService(serviceId: string, config: HvSocketServiceConfig, options?: CallOptions): Promise<void>
  /** Succeeds whether or not there is such an entry. */
  removeHvSocketService(serviceId: string, options?: CallOptions): Promise<void>
}

export function updateHvSocketService(subject: Subject, serviceId: unknown, config: unknown): Change {
  const path = hvSocketServicePath(guidSegment(subject, 'serviceId', serviceId))
  return change(subject, path, 'Update', documentText(subject, 'HvSocketServiceConfig', config))
}

export function removeHvSocketService(subject: Subject, serviceId: unknown): Change {
  return change(subject, hvSocketServicePath(guidSegment(subject, 'serviceId', serviceId)), 'Remove')
}
