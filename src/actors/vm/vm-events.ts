// The events of a UtilityVM.

import type { OperationSystemMigrationNotificationInfo } from '../../protocol/schema/index.js'
import type { EventNames } from '../events.js'
import type { ExitStatus } from './managers/index.js'

export interface VmEvents {
  /** Once: the VM has ended. */
  exit: [ExitStatus]
  /** The parsed CrashReport document. */
  'crash-report': [unknown]
  /** The guest connection that HCS itself owns has ended. */
  'guest-connection-closed': []
  /** Progress of a live migration. */
  migration: [OperationSystemMigrationNotificationInfo]
  /** What came faster than it was taken: 'crash-report' events, the oldest, before those that follow. */
  dropped: [what: string, count: number]
}

export const VM_EVENTS: EventNames<VmEvents> = {
  exit: true,
  'crash-report': true,
  'guest-connection-closed': true,
  migration: true,
  dropped: true,
}
