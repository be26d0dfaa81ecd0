// The older (V1) property documents, still used by the guest protocol.

import type { Version } from './compute-system.js'
import type { Hcs1PropertyType } from './enums.js'
import type { Always, DateTime, Guid, Int64Key, UInt32, UInt64 } from './primitives.js'

export interface ContainerProperties {
  Id?: Always<string>
  State?: Always<string>
  Name?: Always<string>
  SystemType?: Always<string>
  RuntimeOsType?: string | undefined
  Owner?: Always<string>
  SiloGuid?: string | undefined
  RuntimeId?: Always<Guid>
  IsRuntimeTemplate?: boolean | undefined
  RuntimeImagePath?: string | undefined
  Stopped?: boolean | undefined
  ExitType?: string | undefined
  AreUpdatesPending?: boolean | undefined
  ObRoot?: string | undefined
  Statistics?: Always<Hcs1Statistics>
  ProcessList?: ProcessListItem[] | undefined
  MappedVirtualDiskControllers?: Record<Int64Key, MappedVirtualDiskController> | undefined
  GuestConnectionInfo?: Always<Hcs1GuestConnectionInfo>
}

export interface Hcs1PropertyQuery {
  PropertyTypes?: Hcs1PropertyType[] | undefined
}

export interface ProcessConfig {
  ApplicationName?: string | undefined
  CommandLine?: string | undefined
  CommandArgs?: string[] | undefined
  User?: string | undefined
  WorkingDirectory?: string | undefined
  Environment?: Record<string, string> | undefined
  EmulateConsole?: boolean | undefined
  CreateStdInPipe?: boolean | undefined
  CreateStdOutPipe?: boolean | undefined
  CreateStdErrPipe?: boolean | undefined
  ConsoleSize?: Always<[UInt64, UInt64]>
  CreateInUtilityVm?: boolean | undefined
  /** Holds OciSpec. */
  OCISpecification?: unknown
}

export interface GuestDefinedCapabilities {
  NamespaceAddRequestSupported?: boolean | undefined
  SignalProcessSupported?: boolean | undefined
  DumpStacksSupported?: boolean | undefined
  DeleteContainerStateSupported?: boolean | undefined
  UpdateContainerSupported?: boolean | undefined
  LogForwardingSupported?: boolean | undefined
  HostProcessContainerSupported?: boolean | undefined
}

export interface Hcs1Statistics {
  Timestamp?: Always<DateTime>
  ContainerStartTime?: Always<DateTime>
  Uptime100ns?: UInt64 | undefined
  Memory?: Always<Hcs1MemoryStats>
  Processor?: Always<Hcs1ProcessorStats>
  Storage?: Always<Hcs1StorageStats>
  Network?: NetworkStats[] | undefined
}

export interface ProcessListItem {
  CreateTimestamp?: Always<DateTime>
  ImageName?: string | undefined
  KernelTime100ns?: UInt64 | undefined
  MemoryCommitBytes?: UInt64 | undefined
  MemoryWorkingSetPrivateBytes?: UInt64 | undefined
  MemoryWorkingSetSharedBytes?: UInt64 | undefined
  ProcessId?: UInt32 | undefined
  UserTime100ns?: UInt64 | undefined
}

export interface MappedVirtualDiskController {
  MappedVirtualDisks?: Record<Int64Key, MappedVirtualDisk> | undefined
}

export interface Hcs1GuestConnectionInfo {
  SupportedSchemaVersions?: Version[] | undefined
  ProtocolVersion?: UInt32 | undefined
  GuestDefinedCapabilities?: Always<GuestDefinedCapabilities>
}

export interface Hcs1MemoryStats {
  MemoryUsageCommitBytes?: UInt64 | undefined
  MemoryUsageCommitPeakBytes?: UInt64 | undefined
  MemoryUsagePrivateWorkingSetBytes?: UInt64 | undefined
}

export interface Hcs1ProcessorStats {
  TotalRuntime100ns?: UInt64 | undefined
  RuntimeUser100ns?: UInt64 | undefined
  RuntimeKernel100ns?: UInt64 | undefined
}

export interface Hcs1StorageStats {
  ReadCountNormalized?: UInt64 | undefined
  ReadSizeBytes?: UInt64 | undefined
  WriteCountNormalized?: UInt64 | undefined
  WriteSizeBytes?: UInt64 | undefined
}

export interface NetworkStats {
  BytesReceived?: UInt64 | undefined
  BytesSent?: UInt64 | undefined
  PacketsReceived?: UInt64 | undefined
  PacketsSent?: UInt64 | undefined
  DroppedPacketsIncoming?: UInt64 | undefined
  DroppedPacketsOutgoing?: UInt64 | undefined
  EndpointId?: string | undefined
  InstanceId?: string | undefined
}

export interface MappedVirtualDisk {
  HostPath?: string | undefined
  ContainerPath?: Always<string>
  CreateInUtilityVM?: boolean | undefined
  ReadOnly?: boolean | undefined
  Cache?: string | undefined
  AttachOnly?: boolean | undefined
}
