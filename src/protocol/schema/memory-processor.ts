// Memory, processors, NUMA and CPU groups.

import type {
  CPUGroupOperation,
  CPUGroupPropertyCode,
  GpuAssignmentMode,
  MemoryBackingType,
  VirtualSlitType,
} from './enums.js'
import type { Always, Guid, Int32, Int64, UInt16, UInt32, UInt64, UInt8 } from './primitives.js'

/** Size and backing of the machine's memory. */
export interface VirtualMachineMemory {
  /** Must be even; MiB. */
  SizeInMB?: UInt64 | undefined
  Backing?: MemoryBackingType | undefined
  AllowOvercommit?: boolean | undefined
  EnableHotHint?: boolean | undefined
  EnableColdHint?: boolean | undefined
  /** Since schema 2.2. */
  EnableColdDiscardHint?: boolean | undefined
  EnableDeferredCommit?: boolean | undefined
  /** MiB; since schema 2.3. */
  LowMmioGapInMB?: UInt64 | undefined
  /** MiB; since schema 2.3. */
  HighMmioBaseInMB?: UInt64 | undefined
  /** MiB; since schema 2.3. */
  HighMmioGapInMB?: UInt64 | undefined
  SlitType?: VirtualSlitType | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  BackingPageSize?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  FaultClusterSizeShift?: UInt32 | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  DirectMapFaultClusterSizeShift?: UInt32 | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  PinBackingPages?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  ForbidSmallBackingPages?: boolean | undefined
}

/** Number and scheduling of the virtual processors. */
export interface VirtualMachineProcessor {
  Count?: UInt32 | undefined
  /** 1..100000, where 100000 is all of the VM's processors. */
  Limit?: UInt64 | undefined
  /** 0..10000, default 100. */
  Weight?: UInt64 | undefined
  /** Since schema 2.4. */
  Reservation?: UInt64 | undefined
  /** Since schema 2.5. */
  CpuGroup?: CpuGroup | undefined
  NumaProcessorsSettings?: NumaProcessors | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  MaximumFrequencyMHz?: UInt32 | undefined
  /** Published by Microsoft, not used by the reference implementation. */
  ExposeVirtualizationExtensions?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  EnablePerfmonPmu?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  EnablePerfmonArchPmu?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  EnablePerfmonPebs?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  EnablePerfmonLbr?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  EnablePerfmonIpt?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  EnablePageShattering?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  DisableSpeculationControls?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  ProcessorFeatureSet?: unknown
}

/** How many virtual processors to keep idle. */
export interface IdleProcessorsRequest {
  IdleProcessorCount?: UInt32 | undefined
}

/** GPUs for a machine that runs. */
export interface GpuConfiguration {
  AssignmentMode?: GpuAssignmentMode | undefined
  /** Partition number by device path, for the mode List. */
  AssignmentRequest?: Record<string, UInt16> | undefined
  AllowVendorExtension?: boolean | undefined
}

/** Scheduling limits that can be changed while the machine runs. */
export interface ProcessorLimits {
  /** 1..100000; since schema 2.4. */
  Limit?: UInt64 | undefined
  /** 0..10000; since schema 2.4. */
  Weight?: UInt64 | undefined
  /** Since schema 2.4. */
  Reservation?: UInt64 | undefined
  /** Since schema 2.4. */
  MaximumFrequencyMHz?: UInt32 | undefined
}

/** Names a CPU group; the null GUID means none. */
export interface CpuGroup {
  /** GUID text. */
  Id?: string | undefined
}

export interface CpuGroupAffinity {
  LogicalProcessorCount?: UInt32 | undefined
  LogicalProcessors?: UInt32[] | undefined
}

export interface CpuGroupConfig {
  /** GUID text. */
  GroupId?: string | undefined
  Affinity?: CpuGroupAffinity | undefined
  GroupProperties?: CpuGroupProperty[] | undefined
  /** Since schema 2.5. */
  HypervisorGroupId?: UInt64 | undefined
}

export interface CpuGroupConfigurations {
  CpuGroups?: CpuGroupConfig[] | undefined
}

export interface CpuGroupProperty {
  PropertyCode?: CPUGroupPropertyCode | undefined
  PropertyValue?: UInt64 | undefined
}

export interface CreateGroupOperation {
  /** GUID text. */
  GroupId?: string | undefined
  LogicalProcessorCount?: UInt32 | undefined
  LogicalProcessors?: UInt32[] | undefined
}

export interface DeleteGroupOperation {
  /** GUID text. */
  GroupId?: string | undefined
}

export interface SetPropertyOperation {
  GroupId?: Guid | undefined
  PropertyCode?: CPUGroupPropertyCode | undefined
  PropertyValue?: UInt64 | undefined
}

export interface HostProcessorModificationRequest {
  Operation?: CPUGroupOperation | undefined
  /** Holds CreateGroupOperation or DeleteGroupOperation or SetPropertyOperation. */
  OperationDetails?: unknown
}

/** How processors spread over NUMA nodes. Its JSON keys are in snake case. Not in the published schema. */
export interface NumaProcessors {
  count_per_node?: Always<Range>
  node_per_socket?: UInt32 | undefined
}

/** Not in the published schema. */
export interface Range {
  max?: UInt32 | undefined
}

/** The virtual NUMA topology (Windows build 26100 and later). Not in the published schema. */
export interface Numa {
  VirtualNodeCount?: UInt8 | undefined
  PreferredPhysicalNodes?: Int64[] | undefined
  Settings?: NumaSetting[] | undefined
  MaxSizePerNode?: UInt64 | undefined
}

/** Not in the published schema. */
export interface NumaSetting {
  VirtualNodeNumber?: UInt32 | undefined
  PhysicalNodeNumber?: UInt32 | undefined
  VirtualSocketNumber?: UInt32 | undefined
  CountOfProcessors?: UInt32 | undefined
  CountOfMemoryBlocks?: UInt64 | undefined
  MemoryBackingType?: MemoryBackingType | undefined
}

/** Not in the published schema. */
export interface NumaNode {
  VirtualNodeIndex?: UInt32 | undefined
  PhysicalNodeIndex?: UInt32 | undefined
}

/** Not in the published schema. */
export interface NumaNodeMemory {
  /** 4 KiB pages. */
  TotalConsumableMemoryInPages?: UInt64 | undefined
  /** 4 KiB pages. */
  AvailableMemoryInPages?: UInt64 | undefined
}

/** Not in the published schema. */
export interface NumaNodeProcessor {
  TotalAssignedProcessors?: UInt32 | undefined
  TotalAvailableProcessors?: UInt32 | undefined
}

export interface LogicalProcessor {
  LpIndex?: UInt32 | undefined
  NodeNumber?: UInt8 | undefined
  PackageId?: UInt32 | undefined
  CoreId?: UInt32 | undefined
  RootVpIndex?: Int32 | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  Subnodes?: unknown[] | undefined
}

export interface ProcessorTopology {
  LogicalProcessorCount?: UInt32 | undefined
  LogicalProcessors?: LogicalProcessor[] | undefined
}
