// What joins a UtilityVM to its Host: the mailbox of its actor, and what the Host must hear of.

import type { Mailbox } from '../mailbox/contract.js'
import type { GuestOS } from '../../protocol/guest-os.js'
import type { VmAttached, VmNotices, VmRequests } from './contract.js'
import type { ExitStatus } from './managers/index.js'

export interface VmLink {
  readonly id: string
  readonly guestOS: GuestOS
  readonly attached: VmAttached
  readonly mailbox: Mailbox<VmRequests, VmNotices>
  readonly hooks: VmHooks
}

/** Called synchronously by the UtilityVM; must not throw. */
export interface VmHooks {
  /** Once, after the exit was recorded and before 'exit' is emitted: the Host ends the VM's guest connection here. */
  exited(exit: ExitStatus, cause: Error): void
  /** Once, when the handle begins to close: the Host ends the VM's guest connection here. */
  closing(): void
  /** Once, when the handle has been released (or the actor was lost for good): the actor may be stopped. */
  closed(): void
}
