// The host-side manager interfaces. UtilityVM implements them; a caller's code that takes one can be given a fake.

export type { ExitStatus, LifetimeManager } from './lifetime.js'
export type { MigrationConfig, MigrationManager } from './migration.js'
export type { NetworkManager } from './network.js'
export type { PCIManager } from './pci.js'
export type { PipeManager } from './pipe.js'
export type { Plan9Manager } from './plan9.js'
export type { ResourceManager } from './resource.js'
export type { SCSIManager } from './scsi.js'
export type { VMSocketManager } from './vm-socket.js'
export type { VPMemManager } from './vpmem.js'
export type { VSMBManager } from './vsmb.js'
