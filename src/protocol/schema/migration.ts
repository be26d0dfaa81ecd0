// Live migration: options and notifications.

import type {
  MigrationEvent,
  MigrationFinalOperation,
  MigrationMemoryTransport,
  MigrationOrigin,
  MigrationResult,
} from './enums.js'
import type { Always, Base64, DateTime, Float64, UInt32, UInt64, UInt8 } from './primitives.js'

/** Options of a live migration, on the source as argument, on the destination in the create document. Not in the published schema. */
export interface MigrationInitializeOptions {
  Origin?: MigrationOrigin | undefined
  MemoryTransport?: MigrationMemoryTransport | undefined
  MemoryTransferThrottleParams?: MemoryMigrationTransferThrottleParams | undefined
  CompressionSettings?: MigrationCompressionSettings | undefined
  ChecksumVerification?: boolean | undefined
  PerfTracingEnabled?: boolean | undefined
  CancelIfBlackoutThresholdExceeds?: boolean | undefined
  PrepareMemoryTransferMode?: boolean | undefined
  CompatibilityData?: CompatibilityInfo | undefined
}

/** Not in the published schema. */
export interface MigrationFinalizedOptions {
  Origin?: MigrationOrigin | undefined
  FinalizedOperation?: MigrationFinalOperation | undefined
}

/** Not in the published schema. */
export interface MigrationStartOptions {
  NetworkSettings?: MigrationNetworkSettings | undefined
}

/** Not in the published schema. */
export interface MigrationTransferOptions {
  Origin?: MigrationOrigin | undefined
}

/** Not in the published schema. */
export interface MigrationCancelOptions {
  Origin?: MigrationOrigin | undefined
}

/** Not in the published schema. */
export interface MemoryMigrationTransferThrottleParams {
  SkipThrottling?: boolean | undefined
  ThrottlingScale?: Float64 | undefined
  MinimumThrottlePercentage?: UInt8 | undefined
  TargetNumberOfBrownoutTransferPasses?: UInt32 | undefined
  StartingBrownoutPassNumberForThrottling?: UInt32 | undefined
  MaximumNumberOfBrownoutTransferPasses?: UInt32 | undefined
  TargetBlackoutTransferTime?: UInt32 | undefined
  BlackoutTimeThresholdForCancellingMigration?: UInt32 | undefined
}

/** Not in the published schema. */
export interface MigrationCompressionSettings {
  ThrottleWorkerCount?: UInt32 | undefined
}

/** Not in the published schema. */
export interface CompatibilityInfo {
  Data?: Base64 | undefined
}

/** Not in the published schema. */
export interface MigrationNetworkSettings {
  SessionId?: UInt32 | undefined
}

/** Progress of a live migration. Not in the published schema. */
export interface OperationSystemMigrationNotificationInfo {
  Origin?: MigrationOrigin | undefined
  Event?: MigrationEvent | undefined
  Result?: MigrationResult | undefined
  /** Holds BlackoutExitedEventDetails. */
  AdditionalDetails?: unknown
}

/** Not in the published schema. */
export interface BlackoutExitedEventDetails {
  BlackoutDurationMilliseconds?: UInt64 | undefined
  BlackoutStopTimestamp?: Always<DateTime>
}
