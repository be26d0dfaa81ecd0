// All that a program does with a Host, as an interface: Host implements it, and so can a class of anybody's own.

import type { UtilityVMBuilder } from '../builder/builder.js'
import type { GuestOS } from '../protocol/guest-os.js'
import type { ComputeSystem, ServicePropertyQuery } from '../protocol/schema/index.js'
import type { EventsLike } from './events-like.js'
import type { ContainerLike, GuestLike, GuestProcessLike } from './gcs/guest-like.js'
import type { GuestOptions } from './gcs/managers.js'
import type { HostEvents } from './host-events.js'
import type { ComputeSystemQuery, ComputeSystemSummary, HostStats, StatsOptions, VmStats } from './host-options.js'
import type { RecoverOptions } from './host-recovery.js'
import type { CallOptions } from './mailbox/contract.js'
import type { UtilityVMLike } from './vm/vm-like.js'

/** What `recover` of a HostLike answers: a Recovery, as far as its members go. */
export interface RecoveryLike {
  vms: UtilityVMLike[]
  guests: GuestLike[]
  processes: GuestProcessLike[]
  containers: ContainerLike[]
  /** Ids of VMs that were ended, and of those that were left alone. */
  reaped: string[]
  left: string[]
  /** What could not be done, by the id of the VM. */
  failed: { id: string; error: Error }[]
}

/**
 * What code takes that is to work with a Host and with a fake of one: no member is private. `createGuest` and `guestOf` of a real Host take
 * the VMs of that Host and no others.
 */
export interface HostLike extends EventsLike<HostEvents>, AsyncDisposable {
  /** The VMs that this Host has handles on. */
  readonly vms: UtilityVMLike[]
  /** Creates a compute system; it is not started. */
  createVM(
    id: string,
    config: UtilityVMBuilder | ComputeSystem,
    options?: { guestOS?: GuestOS } & CallOptions,
  ): Promise<UtilityVMLike>
  /** A further handle on a compute system that exists. */
  openVM(id: string, options?: { guestOS?: GuestOS } & CallOptions): Promise<UtilityVMLike>
  /** Listens for the VM's guest and waits for nobody. */
  createGuest(vm: UtilityVMLike, options?: GuestOptions & CallOptions): Promise<GuestLike>
  guestOf(vm: UtilityVMLike): GuestLike | undefined
  /** Takes over, ends or leaves the VMs of a program that is gone. */
  recover(options: RecoverOptions & CallOptions): Promise<RecoveryLike>
  listVMs(query?: ComputeSystemQuery, options?: CallOptions): Promise<ComputeSystemSummary[]>
  serviceProperties(query: ServicePropertyQuery, options?: CallOptions): Promise<unknown>
  modifyServiceSettings(settings: unknown, options?: CallOptions): Promise<void>
  grantVMAccess(vmId: string, path: string, options?: CallOptions): Promise<void>
  revokeVMAccess(vmId: string, path: string, options?: CallOptions): Promise<void>
  grantVMGroupAccess(path: string, options?: CallOptions): Promise<void>
  revokeVMGroupAccess(path: string, options?: CallOptions): Promise<void>
  /** Bytes of host memory that a VM holds, by its runtime id; undefined when it cannot be told. */
  workingSet(runtimeId: string, options?: CallOptions): Promise<number | undefined>
  createEmptyGuestStateFile(path: string, options?: CallOptions): Promise<void>
  createEmptyRuntimeStateFile(path: string, options?: CallOptions): Promise<void>
  processorCompatibility(path: string, options?: CallOptions): Promise<string>
  stats(options: StatsOptions & { vms: true }): Promise<HostStats & { vms: VmStats[] }>
  stats(options?: StatsOptions): Promise<HostStats>
  /** Closes every guest and VM. Idempotent; never rejects. */
  close(): Promise<void>
  ref(): this
  unref(): this
}
