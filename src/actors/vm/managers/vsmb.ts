// VSMB shares of host directories (Windows guests).

import { VSMB_SHARES_PATH } from '../../../protocol/resource-paths.js'
import type { VirtualSmbShare } from '../../../protocol/schema/index.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, type Change, type Subject } from './change.js'

export interface VSMBManager {
  addVSMB(settings: VirtualSmbShare, options?: CallOptions): Promise<void>
  /** Only `Name` matters. A share that the guest maps directly cannot be removed reliably before the VM ends. */
  removeVSMB(settings: VirtualSmbShare, options?: CallOptions): Promise<void>
}

export function addVSMB(subject: Subject, settings: unknown): Change {
  return change(subject, VSMB_SHARES_PATH, 'Add', documentText(subject, 'VirtualSmbShare', settings))
}

export function removeVSMB(subject: Subject, settings: unknown): Change {
  return change(subject, VSMB_SHARES_PATH, 'Remove', documentText(subject, 'VirtualSmbShare', settings))
}
