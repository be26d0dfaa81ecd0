// Plan9 shares of host directories (Linux guests). The device must be in the create document; it makes the VM unfit for migration.

import { PLAN9_SHARES_PATH } from '../../../protocol/resource-paths.js'
import type { Plan9Share } from '../../../protocol/schema/index.js'
import { documentText } from '../../arguments.js'
import type { CallOptions } from '../../mailbox/contract.js'
import { change, type Change, type Subject } from './change.js'

export interface Plan9Manager {
  /** A share is known by its `AccessName` and `Port` together. */
  addPlan9(settings: Plan9Share, options?: CallOptions): Promise<void>
  removePlan9(settings: Plan9Share, options?: CallOptions): Promise<void>
}

export function addPlan9(subject: Subject, settings: unknown): Change {
  return change(subject, PLAN9_SHARES_PATH, 'Add', documentText(subject, 'Plan9Share', settings))
}

export function removePlan9(subject: Subject, settings: unknown): Change {
  return change(subject, PLAN9_SHARES_PATH, 'Remove', documentText(subject, 'Plan9Share', settings))
}
