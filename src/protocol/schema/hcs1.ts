// The older (V1) property documents, still used by the guest protocol.

import type { Version } from './compute-system.js'
import type { Hcs1PropertyType } from './enums.js'
import type { Int64 } from './int64.js'

/** Container properties. */
export interface ContainerProperties {
  /** Always on the wire. */
  Id?: string | undefined
  /** Always on the wire. */
  State?: string | undefined
  /** Always on the wire. */
  Name?: string | undefined
  /** Always on the wire. */
  SystemType?: string | undefined
  RuntimeOsType?: string | undefined
  /** Always on the wire. */
  Owner?: string | undefined
  SiloGuid?: string | undefined
  /** GUID text; always on the wire. */
  RuntimeId?: string | undefined
  IsRuntimeTemplate?: boolean | undefined
  RuntimeImagePath?: string | undefined
  Stopped?: boolean | undefined
  ExitType?: string | undefined
  AreUpdatesPending?: boolean | undefined
  ObRoot?: string | undefined
  /** Always on the wire. */
  Statistics?: Hcs1Statistics | undefined
  ProcessList?: ProcessListItem[] | undefined
  /** Keys are decimal numbers. */
  MappedVirtualDiskControllers?: Record<string, MappedVirtualDiskController> | undefined
  /** Always on the wire. */
  GuestConnectionInfo?: Hcs1GuestConnectionInfo | undefined
}

/** V1 property query. */
export interface Hcs1PropertyQuery {
  PropertyTypes?: Hcs1PropertyType[] | undefined
}

/** Process config. */
export interface ProcessConfig {
  ApplicationName?: string | undefined
  CommandLine?: string | undefined
  CommandArgs?: string[] | undefined
  User?: string | undefined
  WorkingDirectory?: string | undefined
  /** Keys are names. */
  Environment?: Record<string, string> | undefined
  EmulateConsole?: boolean | undefined
  CreateStdInPipe?: boolean | undefined
  CreateStdOutPipe?: boolean | undefined
  CreateStdErrPipe?: boolean | undefined
  /** uint64; exactly 2 elements; always on the wire. */
  ConsoleSize?: [Int64, Int64] | undefined
  CreateInUtilityVm?: boolean | undefined
  /** Holds OciSpec. */
  OCISpecification?: unknown
}

/** Guest defined capabilities. */
export interface GuestDefinedCapabilities {
  NamespaceAddRequestSupported?: boolean | undefined
  SignalProcessSupported?: boolean | undefined
  DumpStacksSupported?: boolean | undefined
  DeleteContainerStateSupported?: boolean | undefined
  UpdateContainerSupported?: boolean | undefined
  LogForwardingSupported?: boolean | undefined
  HostProcessContainerSupported?: boolean | undefined
}

/** V1 statistics. */
export interface Hcs1Statistics {
  /** RFC 3339 time stamp; always on the wire. */
  Timestamp?: string | undefined
  /** RFC 3339 time stamp; always on the wire. */
  ContainerStartTime?: string | undefined
  /** uint64 (100 ns). */
  Uptime100ns?: Int64 | undefined
  /** Always on the wire. */
  Memory?: Hcs1MemoryStats | undefined
  /** Always on the wire. */
  Processor?: Hcs1ProcessorStats | undefined
  /** Always on the wire. */
  Storage?: Hcs1StorageStats | undefined
  Network?: NetworkStats[] | undefined
}

/** Process list item. */
export interface ProcessListItem {
  /** RFC 3339 time stamp; always on the wire. */
  CreateTimestamp?: string | undefined
  ImageName?: string | undefined
  /** uint64 (100 ns). */
  KernelTime100ns?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryCommitBytes?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryWorkingSetPrivateBytes?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryWorkingSetSharedBytes?: Int64 | undefined
  /** uint32. */
  ProcessId?: number | undefined
  /** uint64 (100 ns). */
  UserTime100ns?: Int64 | undefined
}

/** Mapped virtual disk controller. */
export interface MappedVirtualDiskController {
  /** Keys are decimal numbers. */
  MappedVirtualDisks?: Record<string, MappedVirtualDisk> | undefined
}

/** V1 guest connection info. */
export interface Hcs1GuestConnectionInfo {
  SupportedSchemaVersions?: Version[] | undefined
  /** uint32. */
  ProtocolVersion?: number | undefined
  /** Always on the wire. */
  GuestDefinedCapabilities?: GuestDefinedCapabilities | undefined
}

/** V1 memory stats. */
export interface Hcs1MemoryStats {
  /** uint64 (bytes). */
  MemoryUsageCommitBytes?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryUsageCommitPeakBytes?: Int64 | undefined
  /** uint64 (bytes). */
  MemoryUsagePrivateWorkingSetBytes?: Int64 | undefined
}

/** V1 processor stats. */
export interface Hcs1ProcessorStats {
  /** uint64 (100 ns). */
  TotalRuntime100ns?: Int64 | undefined
  /** uint64 (100 ns). */
  RuntimeUser100ns?: Int64 | undefined
  /** uint64 (100 ns). */
  RuntimeKernel100ns?: Int64 | undefined
}

/** V1 storage stats. */
export interface Hcs1StorageStats {
  /** uint64. */
  ReadCountNormalized?: Int64 | undefined
  /** uint64 (bytes). */
  ReadSizeBytes?: Int64 | undefined
  /** uint64. */
  WriteCountNormalized?: Int64 | undefined
  /** uint64 (bytes). */
  WriteSizeBytes?: Int64 | undefined
}

/** Network stats. */
export interface NetworkStats {
  /** uint64. */
  BytesReceived?: Int64 | undefined
  /** uint64. */
  BytesSent?: Int64 | undefined
  /** uint64. */
  PacketsReceived?: Int64 | undefined
  /** uint64. */
  PacketsSent?: Int64 | undefined
  /** uint64. */
  DroppedPacketsIncoming?: Int64 | undefined
  /** uint64. */
  DroppedPacketsOutgoing?: Int64 | undefined
  EndpointId?: string | undefined
  InstanceId?: string | undefined
}

/** Mapped virtual disk. */
export interface MappedVirtualDisk {
  HostPath?: string | undefined
  /** Always on the wire. */
  ContainerPath?: string | undefined
  CreateInUtilityVM?: boolean | undefined
  ReadOnly?: boolean | undefined
  Cache?: string | undefined
  AttachOnly?: boolean | undefined
}
