// Memory, processors, NUMA and CPU groups.

import type {
  CPUGroupOperation,
  CPUGroupPropertyCode,
  GpuAssignmentMode,
  MemoryBackingType,
  VirtualSlitType,
} from './enums.js'
import type { Int64 } from './int64.js'

/** Size and backing of the machine's memory. */
export interface VirtualMachineMemory {
  /** Must be even; uint64 (MiB). */
  SizeInMB?: Int64 | undefined
  Backing?: MemoryBackingType | undefined
  AllowOvercommit?: boolean | undefined
  EnableHotHint?: boolean | undefined
  EnableColdHint?: boolean | undefined
  /** Since schema 2.2. */
  EnableColdDiscardHint?: boolean | undefined
  EnableDeferredCommit?: boolean | undefined
  /** uint64 (MiB); since schema 2.3. */
  LowMmioGapInMB?: Int64 | undefined
  /** uint64 (MiB); since schema 2.3. */
  HighMmioBaseInMB?: Int64 | undefined
  /** uint64 (MiB); since schema 2.3. */
  HighMmioGapInMB?: Int64 | undefined
  SlitType?: VirtualSlitType | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  BackingPageSize?: unknown
  /** uint32; published by Microsoft, not used by the reference implementation; since schema 2.4. */
  FaultClusterSizeShift?: number | undefined
  /** uint32; published by Microsoft, not used by the reference implementation; since schema 2.4. */
  DirectMapFaultClusterSizeShift?: number | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  PinBackingPages?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  ForbidSmallBackingPages?: boolean | undefined
}

/** Number and scheduling of the virtual processors. */
export interface VirtualMachineProcessor {
  /** uint32. */
  Count?: number | undefined
  /** 1..100000, where 100000 is all of the VM's processors; uint64. */
  Limit?: Int64 | undefined
  /** 0..10000, default 100; uint64. */
  Weight?: Int64 | undefined
  /** uint64; since schema 2.4. */
  Reservation?: Int64 | undefined
  /** Since schema 2.5. */
  CpuGroup?: CpuGroup | undefined
  NumaProcessorsSettings?: NumaProcessors | undefined
  /** uint32 (MHz); published by Microsoft, not used by the reference implementation; since schema 2.4. */
  MaximumFrequencyMHz?: number | undefined
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
  /** uint32. */
  IdleProcessorCount?: number | undefined
}

/** GPUs for a machine that runs. */
export interface GpuConfiguration {
  AssignmentMode?: GpuAssignmentMode | undefined
  /** Partition number by device path, for the mode List; uint16. */
  AssignmentRequest?: Record<string, number> | undefined
  AllowVendorExtension?: boolean | undefined
}

/** Scheduling limits that can be changed while the machine runs. */
export interface ProcessorLimits {
  /** 1..100000; uint64; since schema 2.4. */
  Limit?: Int64 | undefined
  /** 0..10000; uint64; since schema 2.4. */
  Weight?: Int64 | undefined
  /** uint64; since schema 2.4. */
  Reservation?: Int64 | undefined
  /** uint32 (MHz); since schema 2.4. */
  MaximumFrequencyMHz?: number | undefined
}

/** Names a CPU group; the null GUID means none. */
export interface CpuGroup {
  /** GUID text. */
  Id?: string | undefined
}

/** Cpu group affinity. */
export interface CpuGroupAffinity {
  /** uint32. */
  LogicalProcessorCount?: number | undefined
  /** uint32. */
  LogicalProcessors?: number[] | undefined
}

/** Cpu group config. */
export interface CpuGroupConfig {
  /** GUID text. */
  GroupId?: string | undefined
  Affinity?: CpuGroupAffinity | undefined
  GroupProperties?: CpuGroupProperty[] | undefined
  /** uint64; since schema 2.5. */
  HypervisorGroupId?: Int64 | undefined
}

/** Cpu group configurations. */
export interface CpuGroupConfigurations {
  CpuGroups?: CpuGroupConfig[] | undefined
}

/** Cpu group property. */
export interface CpuGroupProperty {
  /** uint32. */
  PropertyCode?: CPUGroupPropertyCode | undefined
  /** uint64. */
  PropertyValue?: Int64 | undefined
}

/** Create group operation. */
export interface CreateGroupOperation {
  /** GUID text. */
  GroupId?: string | undefined
  /** uint32. */
  LogicalProcessorCount?: number | undefined
  /** uint32. */
  LogicalProcessors?: number[] | undefined
}

/** Delete group operation. */
export interface DeleteGroupOperation {
  /** GUID text. */
  GroupId?: string | undefined
}

/** Set property operation. */
export interface SetPropertyOperation {
  /** GUID text. */
  GroupId?: string | undefined
  /** uint32. */
  PropertyCode?: CPUGroupPropertyCode | undefined
  /** uint64. */
  PropertyValue?: Int64 | undefined
}

/** Host processor modification request. */
export interface HostProcessorModificationRequest {
  Operation?: CPUGroupOperation | undefined
  /** Holds CreateGroupOperation or DeleteGroupOperation or SetPropertyOperation. */
  OperationDetails?: unknown
}

/** How processors spread over NUMA nodes. Its JSON keys are in snake case. Not in the published schema. */
export interface NumaProcessors {
  /** Always on the wire. */
  count_per_node?: Range | undefined
  /** uint32. */
  node_per_socket?: number | undefined
}

/** Range. Not in the published schema. */
export interface Range {
  /** uint32. */
  max?: number | undefined
}

/** The virtual NUMA topology (Windows build 26100 and later). Not in the published schema. */
export interface Numa {
  /** uint8. */
  VirtualNodeCount?: number | undefined
  /** int64. */
  PreferredPhysicalNodes?: Int64[] | undefined
  Settings?: NumaSetting[] | undefined
  /** uint64. */
  MaxSizePerNode?: Int64 | undefined
}

/** Numa setting. Not in the published schema. */
export interface NumaSetting {
  /** uint32. */
  VirtualNodeNumber?: number | undefined
  /** uint32. */
  PhysicalNodeNumber?: number | undefined
  /** uint32. */
  VirtualSocketNumber?: number | undefined
  /** uint32. */
  CountOfProcessors?: number | undefined
  /** uint64. */
  CountOfMemoryBlocks?: Int64 | undefined
  MemoryBackingType?: MemoryBackingType | undefined
}

/** Numa node. Not in the published schema. */
export interface NumaNode {
  /** uint32. */
  VirtualNodeIndex?: number | undefined
  /** uint32. */
  PhysicalNodeIndex?: number | undefined
}

/** Numa node memory. Not in the published schema. */
export interface NumaNodeMemory {
  /** uint64 (4 KiB pages). */
  TotalConsumableMemoryInPages?: Int64 | undefined
  /** uint64 (4 KiB pages). */
  AvailableMemoryInPages?: Int64 | undefined
}

/** Numa node processor. Not in the published schema. */
export interface NumaNodeProcessor {
  /** uint32. */
  TotalAssignedProcessors?: number | undefined
  /** uint32. */
  TotalAvailableProcessors?: number | undefined
}

/** Logical processor. */
export interface LogicalProcessor {
  /** uint32. */
  LpIndex?: number | undefined
  /** uint8. */
  NodeNumber?: number | undefined
  /** uint32. */
  PackageId?: number | undefined
  /** uint32. */
  CoreId?: number | undefined
  /** int32. */
  RootVpIndex?: number | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  Subnodes?: unknown[] | undefined
}

/** Processor topology. */
export interface ProcessorTopology {
  /** uint32. */
  LogicalProcessorCount?: number | undefined
  LogicalProcessors?: LogicalProcessor[] | undefined
}
