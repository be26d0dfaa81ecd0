// Property queries and their answers, and the modify request.

import type { CgroupMetrics } from './cgroup.js'
import type { Version } from './compute-system.js'
import type { SharedMemoryRegionInfo } from './devices.js'
import type {
  ComputeSystemState,
  ExitType,
  PropertyType,
  RequestType,
  RuntimeOsType,
  ServicePropertyType,
  SystemType,
} from './enums.js'
import type { Always, DateTime, Int32, UInt32, UInt64, UInt8 } from './primitives.js'

/** The answer of a property query on a compute system. */
export interface Properties {
  Id?: string | undefined
  SystemType?: SystemType | undefined
  RuntimeOsType?: RuntimeOsType | undefined
  Name?: string | undefined
  Owner?: string | undefined
  /** GUID text. */
  RuntimeId?: string | undefined
  SystemGUID?: string | undefined
  RuntimeTemplateId?: string | undefined
  State?: ComputeSystemState | undefined
  Stopped?: boolean | undefined
  ExitType?: ExitType | undefined
  Memory?: MemoryInformationForVm | undefined
  Statistics?: Statistics | undefined
  ProcessList?: ProcessDetails[] | undefined
  TerminateOnLastHandleClosed?: boolean | undefined
  HostingSystemId?: string | undefined
  SharedMemoryRegionInfo?: SharedMemoryRegionInfo[] | undefined
  GuestConnectionInfo?: GuestConnectionInfo | undefined
  /** Since schema 2.5. */
  PropertyResponses?: Record<string, PropertyResponse> | undefined
  LCOWMetrics?: CgroupMetrics | undefined
}

/** A property query: types, queries or both; nothing asks for the basic properties. */
export interface PropertyQuery {
  PropertyTypes?: PropertyType[] | undefined
  /** Since schema 2.5. */
  Queries?: Record<string, unknown> | undefined
}

export interface PropertyResponse {
  /** Holds CompatibilityInfo; since schema 2.5. */
  Response?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  Error?: unknown
}

/** Which compute systems to enumerate. Keys combine with AND, values within a key with OR. */
export interface SystemQuery {
  Ids?: string[] | undefined
  Names?: string[] | undefined
  Types?: SystemType[] | undefined
  Owners?: string[] | undefined
}

/** A property query on the compute service. */
export interface ServicePropertyQuery {
  PropertyTypes?: ServicePropertyType[] | undefined
  /** By name; the system query calls this member Queries. */
  PropertyQueries?: Record<string, unknown> | undefined
}

/** The answer of a property query on the compute service. */
export interface ServiceProperties {
  /** Holds CpuGroupConfigurations or ProcessorTopology or ContainerCredentialGuardSystemInfo. */
  Properties?: unknown[] | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  PropertyResponses?: Record<string, PropertyResponse> | undefined
}

export interface MemoryInformationForVm {
  VirtualNodeCount?: UInt8 | undefined
  VirtualMachineMemory?: VmMemory | undefined
  VirtualNodes?: VirtualNodeInfo[] | undefined
}

export interface VmMemory {
  AvailableMemory?: Int32 | undefined
  AvailableMemoryBuffer?: Int32 | undefined
  ReservedMemory?: UInt64 | undefined
  /** Counts 4 KiB pages whatever backs them. */
  AssignedMemory?: UInt64 | undefined
  SlpActive?: boolean | undefined
  BalancingEnabled?: boolean | undefined
  DmOperationInProgress?: boolean | undefined
}

export interface VirtualNodeInfo {
  VirtualNodeIndex?: UInt8 | undefined
  PhysicalNodeNumber?: UInt8 | undefined
  VirtualProcessorCount?: UInt32 | undefined
  /** 4 KiB pages. */
  MemoryUsageInPages?: UInt64 | undefined
}

/** Not in the published schema. */
export interface ContainerMemoryInformation {
  TotalPhysicalBytes?: Int32 | undefined
  TotalUsage?: Int32 | undefined
  CommittedBytes?: Int32 | undefined
  SharedCommittedBytes?: Int32 | undefined
  CommitLimitBytes?: Int32 | undefined
  PeakCommitmentBytes?: Int32 | undefined
}

export interface Statistics {
  Timestamp?: Always<DateTime>
  ContainerStartTime?: Always<DateTime>
  Uptime100ns?: UInt64 | undefined
  Processor?: ProcessorStats | undefined
  Memory?: MemoryStats | undefined
  Storage?: StorageStats | undefined
}

export interface MemoryStats {
  MemoryUsageCommitBytes?: UInt64 | undefined
  MemoryUsageCommitPeakBytes?: UInt64 | undefined
  MemoryUsagePrivateWorkingSetBytes?: UInt64 | undefined
}

export interface ProcessorStats {
  TotalRuntime100ns?: UInt64 | undefined
  RuntimeUser100ns?: UInt64 | undefined
  RuntimeKernel100ns?: UInt64 | undefined
}

export interface StorageStats {
  ReadCountNormalized?: UInt64 | undefined
  ReadSizeBytes?: UInt64 | undefined
  WriteCountNormalized?: UInt64 | undefined
  WriteSizeBytes?: UInt64 | undefined
}

export interface ProcessDetails {
  ProcessId?: UInt32 | undefined
  ImageName?: string | undefined
  CreateTimestamp?: Always<DateTime>
  UserTime100ns?: UInt64 | undefined
  KernelTime100ns?: UInt64 | undefined
  MemoryCommitBytes?: UInt64 | undefined
  MemoryWorkingSetPrivateBytes?: UInt64 | undefined
  MemoryWorkingSetSharedBytes?: UInt64 | undefined
}

export interface ProcessStatus {
  ProcessId?: UInt32 | undefined
  Exited?: boolean | undefined
  ExitCode?: UInt32 | undefined
  LastWaitResult?: Int32 | undefined
}

export interface GuestConnectionInfo {
  SupportedSchemaVersions?: Version[] | undefined
  ProtocolVersion?: UInt32 | undefined
  /** Holds GuestDefinedCapabilities or GcsGuestCapabilities. */
  GuestDefinedCapabilities?: unknown
}

/** Not in the published schema. */
export interface SiloProperties {
  Enabled?: boolean | undefined
  JobName?: string | undefined
}

/** Not in the published schema. */
export interface CacheQueryStatsResponse {
  L3OccupancyBytes?: Int32 | undefined
  L3TotalBwBytes?: Int32 | undefined
  L3LocalBwBytes?: Int32 | undefined
}

export interface ModificationRequest {
  PropertyType?: PropertyType | undefined
  /** Holds HostProcessorModificationRequest or ContainerCredentialGuardOperationRequest. */
  Settings?: unknown
}

/** One change of a running compute system. */
export interface ModifySettingRequest {
  ResourcePath?: string | undefined
  RequestType?: RequestType | undefined
  Settings?: unknown
  /** Holds GuestRequestModificationRequest. */
  GuestRequest?: unknown
}
