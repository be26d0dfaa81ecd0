// The host-side manager interfaces. UtilityVM implements them; a caller's code that takes one can be given a fake.

export type * from '../../../protocol/host-modifications/registry.js'
export type { ExitStatus, LifetimeManager } from './lifetime.js'
export type { MigrationConfig, MigrationManager } from './migration.js'
