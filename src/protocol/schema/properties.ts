// Property queries and their answers, and the modify request.

import type { CgroupMetrics } from './cgroup.js'
import type { Version } from './compute-system.js'
import type { SharedMemoryRegionInfo } from './devices.js'
import type { ComputeSystemState, ExitType, PropertyType, RequestType, RuntimeOsType, SystemType } from './enums.js'
import type { Int64 } from './int64.js'

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
  /** Keys are names; since schema 2.5. */
  PropertyResponses?: Record<string, PropertyResponse> | undefined
  LCOWMetrics?: CgroupMetrics | undefined
}

/** A property query: types, queries or both; nothing asks for the basic properties. */
export interface PropertyQuery {
  PropertyTypes?: PropertyType[] | undefined
  /** Keys are names; since schema 2.5. */
  Queries?: Record<string, unknown> | undefined
}

/** Property response. */
export interface PropertyResponse {
  /** Holds CompatibilityInfo; since schema 2.5. */
  Response?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  Error?: unknown
}

/** The answer of a property query on the compute service. */
export interface ServiceProperties {
  /** Holds CpuGroupConfigurations or ProcessorTopology or ContainerCredentialGuardSystemInfo. */
  Properties?: unknown[] | undefined
  /** Keys are names; published by Microsoft, not used by the reference implementation; since schema 2.5. */
  PropertyResponses?: Record<string, PropertyResponse> | undefined
}

/** Memory information for vm. */
export interface MemoryInformationForVm {
  /** uint8. */
  VirtualNodeCount?: number | undefined
  VirtualMachineMemory?: VmMemory | undefined
  VirtualNodes?: VirtualNodeInfo[] | undefined
}

/** Vm memory. */
export interface VmMemory {
  /** int32. */
  AvailableMemory?: number | undefined
  /** int32. */
  AvailableMemoryBuffer?: number | undefined
  /** uint64. */
  ReservedMemory?: Int64 | undefined
  /** Counts 4 KiB pages whatever backs them; uint64. */
  AssignedMemory?: Int64 | undefined
  SlpActive?: boolean | undefined
  BalancingEnabled?: boolean | undefined
  DmOperationInProgress?: boolean | undefined
}

/** Virtual node info. */
export interface VirtualNodeInfo {
  /** uint8. */
  VirtualNodeIndex?: number | undefined
  /** uint8. */
  PhysicalNodeNumber?: number | undefined
  /** uint32. */
  VirtualProcessorCount?: number | undefined
  /** uint64 (4 KiB pages). */
  MemoryUsageInPages?: Int64 | undefined
}

/** Container memory information. Not in the published schema. */
export interface ContainerMemoryInformation {
  /** int32 (bytes). */
  TotalPhysicalBytes?: number | undefined
  /** int32. */
  TotalUsage?: number | undefined
  /** int32 (bytes). */
  CommittedBytes?: number | undefined
  /** int32 (bytes). */
  SharedCommittedBytes?: number | undefined
  /** int32 (bytes). */
  CommitLimitBytes?: number | undefined
  /** int32 (bytes). */
  PeakCommitmentBytes?: number | undefined
}

/** Statistics. */
export interface Statistics {
  /** RFC 3339 time stamp; always on the wire. */
  Timestamp?: string | undefined
  /** RFC 3339 time stamp; always on the wire. */
  ContainerStartTime?: string | undefined
  /** uint64 (100 ns). */
  Uptime100ns?: Int64 | undefined
  Processor?: ProcessorStats | undefined
  Memory?: MemoryStats | undefined
  Storage?: StorageStats | undefined
}

/** Memory stats. */
export interface MemoryStats {
  /** uint64 (bytes). */
  MemoryUsageCommitBytes?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryUsageCommitPeakBytes?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryUsagePrivateWorkingSetBytes?: Int64 | undefined
}

/** Processor stats. */
export interface ProcessorStats {
  /** uint64 (100 ns). */
  TotalRuntime100ns?: Int64 | undefined
  /** uint64 (100 ns). */
  RuntimeUser100ns?: Int64 | undefined
  /** uint64 (100 ns). */
  RuntimeKernel100ns?: Int64 | undefined
}

/** Storage stats. */
export interface StorageStats {
  /** uint64. */
  ReadCountNormalized?: Int64 | undefined
  /** uint64 (bytes). */
  ReadSizeBytes?: Int64 | undefined
  /** uint64. */
  WriteCountNormalized?: Int64 | undefined
  /** uint64 (bytes). */
  WriteSizeBytes?: Int64 | undefined
}

/** Process details. */
export interface ProcessDetails {
  /** uint32. */
  ProcessId?: number | undefined
  ImageName?: string | undefined
  /** RFC 3339 time stamp; always on the wire. */
  CreateTimestamp?: string | undefined
  /** uint64 (100 ns). */
  UserTime100ns?: Int64 | undefined
  /** uint64 (100 ns). */
  KernelTime100ns?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryCommitBytes?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryWorkingSetPrivateBytes?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryWorkingSetSharedBytes?: Int64 | undefined
}

/** Process status. */
export interface ProcessStatus {
  /** uint32. */
  ProcessId?: number | undefined
  Exited?: boolean | undefined
  /** uint32. */
  ExitCode?: number | undefined
  /** int32. */
  LastWaitResult?: number | undefined
}

/** Guest connection info. */
export interface GuestConnectionInfo {
  SupportedSchemaVersions?: Version[] | undefined
  /** uint32. */
  ProtocolVersion?: number | undefined
  /** Holds GuestDefinedCapabilities or GcsGuestCapabilities. */
  GuestDefinedCapabilities?: unknown
}

/** Silo properties. Not in the published schema. */
export interface SiloProperties {
  Enabled?: boolean | undefined
  JobName?: string | undefined
}

/** Cache query stats response. Not in the published schema. */
export interface CacheQueryStatsResponse {
  /** int32 (bytes). */
  L3OccupancyBytes?: number | undefined
  /** int32 (bytes). */
  L3TotalBwBytes?: number | undefined
  /** int32 (bytes). */
  L3LocalBwBytes?: number | undefined
}

/** Modification request. */
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
