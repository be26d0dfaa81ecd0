// All that a program does with a VM, as an interface: UtilityVM implements it, and so can a class of anybody's own.

import type * as managers from '../../protocol/host-modifications/registry.js'
import type { EventsLike } from '../events-like.js'
import type { CallOptions } from '../mailbox/contract.js'
import type { HostModifyRequest } from './changes.js'
import type { LifetimeManager } from './managers/lifetime.js'
import type { MigrationManager } from './managers/migration.js'
import type { VmEvents } from './vm-events.js'

/** What code takes that is to work with a UtilityVM and with a fake of one: no member is private. */
export interface UtilityVMLike
  extends
    LifetimeManager,
    MigrationManager,
    managers.NetworkManager,
    managers.PCIManager,
    managers.PipeManager,
    managers.Plan9Manager,
    managers.ResourceManager,
    managers.SCSIManager,
    managers.VMSocketManager,
    managers.VPMemManager,
    managers.VSMBManager,
    EventsLike<VmEvents>,
    AsyncDisposable {
  /** A modify request of the caller's own, for what no method is about. */
  modify(request: HostModifyRequest, options?: CallOptions): Promise<void>
}
