// Live migration: options and notifications.

import type {
  MigrationEvent,
  MigrationFinalOperation,
  MigrationMemoryTransport,
  MigrationOrigin,
  MigrationResult,
} from './enums.js'
import type { Int64 } from './int64.js'

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

/** Migration finalized options. Not in the published schema. */
export interface MigrationFinalizedOptions {
  Origin?: MigrationOrigin | undefined
  FinalizedOperation?: MigrationFinalOperation | undefined
}

/** Migration start options. Not in the published schema. */
export interface MigrationStartOptions {
  NetworkSettings?: MigrationNetworkSettings | undefined
}

/** Migration transfer options. Not in the published schema. */
export interface MigrationTransferOptions {
  Origin?: MigrationOrigin | undefined
}

/** Migration cancel options. Not in the published schema. */
export interface MigrationCancelOptions {
  Origin?: MigrationOrigin | undefined
}

/** Memory migration transfer throttle params. Not in the published schema. */
export interface MemoryMigrationTransferThrottleParams {
  SkipThrottling?: boolean | undefined
  /** float64. */
  ThrottlingScale?: number | undefined
  /** uint8. */
  MinimumThrottlePercentage?: number | undefined
  /** uint32. */
  TargetNumberOfBrownoutTransferPasses?: number | undefined
  /** uint32. */
  StartingBrownoutPassNumberForThrottling?: number | undefined
  /** uint32. */
  MaximumNumberOfBrownoutTransferPasses?: number | undefined
  /** uint32. */
  TargetBlackoutTransferTime?: number | undefined
  /** uint32. */
  BlackoutTimeThresholdForCancellingMigration?: number | undefined
}

/** Migration compression settings. Not in the published schema. */
export interface MigrationCompressionSettings {
  /** uint32. */
  ThrottleWorkerCount?: number | undefined
}

/** Compatibility info. Not in the published schema. */
export interface CompatibilityInfo {
  /** Base64. */
  Data?: string | undefined
}

/** Migration network settings. Not in the published schema. */
export interface MigrationNetworkSettings {
  /** uint32. */
  SessionId?: number | undefined
}

/** Progress of a live migration. Not in the published schema. */
export interface OperationSystemMigrationNotificationInfo {
  Origin?: MigrationOrigin | undefined
  Event?: MigrationEvent | undefined
  Result?: MigrationResult | undefined
  /** Holds BlackoutExitedEventDetails. */
  AdditionalDetails?: unknown
}

/** Blackout exited event details. Not in the published schema. */
export interface BlackoutExitedEventDetails {
  /** uint64 (ms). */
  BlackoutDurationMilliseconds?: Int64 | undefined
  /** RFC 3339 time stamp; always on the wire. */
  BlackoutStopTimestamp?: string | undefined
}
