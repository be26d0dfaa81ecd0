// Devices of a virtual machine. The presence of an object creates the device.

import type {
  AttachmentCachingMode,
  AttachmentType,
  FlexibleIoDeviceHostingModel,
  InterruptModerationName,
  Plan9ShareFlags,
  VirtualPMemBackingType,
  VirtualPMemImageFormat,
  WindowsCrashDumpType,
} from './enums.js'
import type { Guid, GuidKey, Int64, UInt16, UInt32, UInt32Key, UInt64, UInt8, UInt8Key } from './primitives.js'

/** The devices. What is present here can be changed while the machine runs. */
export interface Devices {
  ComPorts?: Record<UInt32Key, ComPort> | undefined
  Scsi?: Record<string, Scsi> | undefined
  VirtualPMem?: VirtualPMemController | undefined
  NetworkAdapters?: Record<string, NetworkAdapter> | undefined
  VideoMonitor?: VideoMonitor | undefined
  Keyboard?: Keyboard | undefined
  Mouse?: Mouse | undefined
  HvSocket?: HvSocket2 | undefined
  EnhancedModeVideo?: EnhancedModeVideo | undefined
  GuestCrashReporting?: GuestCrashReporting | undefined
  VirtualSmb?: VirtualSmb | undefined
  Plan9?: Plan9 | undefined
  Battery?: Battery | undefined
  FlexibleIov?: Record<string, FlexibleIoDevice> | undefined
  SharedMemory?: SharedMemoryConfiguration | undefined
  /** Since schema 2.3. */
  VirtualPci?: Record<string, VirtualPciDevice> | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  VirtioSerial?: unknown
}

/** Empty: its presence adds a keyboard. */
export type Keyboard = Record<string, never>

/** Empty: its presence adds a mouse. */
export type Mouse = Record<string, never>

/** Empty: its presence adds a battery. */
export type Battery = Record<string, never>

/** A serial port connected to a named pipe. */
export interface ComPort {
  NamedPipe?: string | undefined
  OptimizeForDebugger?: boolean | undefined
}

/** One SCSI controller; its attachments are keyed by LUN, 0..63. */
export interface Scsi {
  Attachments?: Record<UInt32Key, Attachment> | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  DisableInterruptBatching?: boolean | undefined
}

/** One disk or image on a SCSI controller. */
export interface Attachment {
  /** What the path names. */
  Type?: AttachmentType | undefined
  Path?: string | undefined
  IgnoreFlushes?: boolean | undefined
  CachingMode?: AttachmentCachingMode | undefined
  NoWriteHardening?: boolean | undefined
  DisableExpansionOptimization?: boolean | undefined
  IgnoreRelativeLocator?: boolean | undefined
  CaptureIoAttributionContext?: boolean | undefined
  ReadOnly?: boolean | undefined
  /** Since schema 2.3. */
  SupportCompressedVolumes?: boolean | undefined
  /** Since schema 2.6. */
  AlwaysAllowSparseFiles?: boolean | undefined
  ExtensibleVirtualDiskType?: string | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.6. */
  SupportEncryptedFiles?: boolean | undefined
}

/** Persistent memory devices of a Linux machine. */
export interface VirtualPMemController {
  Devices?: Record<UInt8Key, VirtualPMemDevice> | undefined
  MaximumCount?: UInt8 | undefined
  MaximumSizeBytes?: UInt64 | undefined
  Backing?: VirtualPMemBackingType | undefined
}

/** One image presented as persistent memory. */
export interface VirtualPMemDevice {
  HostPath?: string | undefined
  ReadOnly?: boolean | undefined
  ImageFormat?: VirtualPMemImageFormat | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  SizeBytes?: UInt64 | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  Mappings?: Record<string, VirtualPMemMapping> | undefined
}

/** A further image inside a persistent memory device, at a byte offset. */
export interface VirtualPMemMapping {
  /** Since schema 2.2. */
  HostPath?: string | undefined
  /** Since schema 2.2. */
  ImageFormat?: VirtualPMemImageFormat | undefined
}

/** A synthetic network adapter attached to an endpoint. */
export interface NetworkAdapter {
  /** GUID text. */
  EndpointId?: string | undefined
  /** `00-15-5D-…`. */
  MacAddress?: string | undefined
  /** Since schema 2.4. */
  IovSettings?: IovSettings | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  InstanceId?: Guid | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  DisableInterruptBatching?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  ConnectionState?: unknown
}

/** SR-IOV settings of an adapter. */
export interface IovSettings {
  /** Since schema 2.4. */
  OffloadWeight?: UInt32 | undefined
  /** Since schema 2.4. */
  QueuePairsRequested?: UInt32 | undefined
  /** Since schema 2.4. */
  InterruptModeration?: InterruptModerationName | undefined
}

export interface VideoMonitor {
  HorizontalResolution?: UInt16 | undefined
  VerticalResolution?: UInt16 | undefined
  ConnectionOptions?: RdpConnectionOptions | undefined
}

export interface RdpConnectionOptions {
  AccessSids?: string[] | undefined
  NamedPipe?: string | undefined
}

export interface HvSocket {
  Config?: HvSocketSystemConfig | undefined
  EnablePowerShellDirect?: boolean | undefined
}

export interface HvSocket2 {
  HvSocketConfig?: HvSocketSystemConfig | undefined
}

/** Hyper-V socket defaults and per-service table. */
export interface HvSocketSystemConfig {
  DefaultBindSecurityDescriptor?: string | undefined
  DefaultConnectSecurityDescriptor?: string | undefined
  ServiceTable?: Record<GuidKey, HvSocketServiceConfig> | undefined
}

/** Who may bind and connect to one Hyper-V socket service of the machine. */
export interface HvSocketServiceConfig {
  BindSecurityDescriptor?: string | undefined
  ConnectSecurityDescriptor?: string | undefined
  AllowWildcardBinds?: boolean | undefined
  Disabled?: boolean | undefined
}

/** The socket addresses a Windows guest is told after the handshake. */
export interface HvSocketAddress {
  /** GUID text. */
  LocalAddress?: string | undefined
  /** GUID text. */
  ParentAddress?: string | undefined
}

export interface EnhancedModeVideo {
  ConnectionOptions?: RdpConnectionOptions | undefined
}

export interface GuestCrashReporting {
  WindowsCrashSettings?: WindowsCrashReporting | undefined
}

export interface WindowsCrashReporting {
  DumpFileName?: string | undefined
  MaxDumpSize?: Int64 | undefined
  DumpType?: WindowsCrashDumpType | undefined
}

/** SMB shares over VMBus, for Windows guests. */
export interface VirtualSmb {
  Shares?: VirtualSmbShare[] | undefined
  /** MiB. */
  DirectFileMappingInMB?: Int64 | undefined
}

/** One SMB share: a host directory under a name. */
export interface VirtualSmbShare {
  Name?: string | undefined
  Path?: string | undefined
  AllowedFiles?: string[] | undefined
  Options?: VirtualSmbShareOptions | undefined
}

export interface VirtualSmbShareOptions {
  ReadOnly?: boolean | undefined
  ShareRead?: boolean | undefined
  CacheIo?: boolean | undefined
  NoOplocks?: boolean | undefined
  TakeBackupPrivilege?: boolean | undefined
  UseShareRootIdentity?: boolean | undefined
  NoDirectmap?: boolean | undefined
  NoLocks?: boolean | undefined
  NoDirnotify?: boolean | undefined
  VmSharedMemory?: boolean | undefined
  RestrictFileAccess?: boolean | undefined
  ForceLevelIIOplocks?: boolean | undefined
  ReparseBaseLayer?: boolean | undefined
  PseudoOplocks?: boolean | undefined
  NonCacheIo?: boolean | undefined
  PseudoDirnotify?: boolean | undefined
  SingleFileMapping?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  SupportCloudFiles?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  FilterEncryptionAttributes?: boolean | undefined
}

/** 9P shares over VMBus, for Linux guests. The empty object is what makes later adds possible. */
export interface Plan9 {
  Shares?: Plan9Share[] | undefined
}

/** One 9P share, known by access name and port. */
export interface Plan9Share {
  Name?: string | undefined
  AccessName?: string | undefined
  Path?: string | undefined
  Port?: UInt32 | undefined
  /** Bit set. */
  Flags?: Plan9ShareFlags | undefined
  /** Since schema 2.2. */
  AllowedFiles?: string[] | undefined
}

export interface FlexibleIoDevice {
  /** GUID text. */
  EmulatorId?: string | undefined
  HostingModel?: FlexibleIoDeviceHostingModel | undefined
  Configuration?: string[] | undefined
}

export interface SharedMemoryConfiguration {
  Regions?: SharedMemoryRegion[] | undefined
}

export interface SharedMemoryRegion {
  SectionName?: string | undefined
  StartOffset?: UInt64 | undefined
  Length?: UInt64 | undefined
  AllowGuestWrite?: boolean | undefined
  HiddenFromGuest?: boolean | undefined
}

export interface SharedMemoryRegionInfo {
  SectionName?: string | undefined
  GuestPhysicalAddress?: UInt64 | undefined
}

/** Assigned PCI functions behind one VMBus instance. */
export interface VirtualPciDevice {
  /** Since schema 2.3. */
  Functions?: VirtualPciFunction[] | undefined
  PropagateNumaAffinity?: boolean | undefined
}

/** One assigned PCI function. */
export interface VirtualPciFunction {
  /** Since schema 2.3. */
  DeviceInstancePath?: string | undefined
  /** Since schema 2.3. */
  VirtualFunction?: UInt16 | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  AllowDirectTranslatedP2P?: boolean | undefined
}

/** Upper bounds for all disks of the machine together. */
export interface StorageQoS {
  IopsMaximum?: UInt64 | undefined
  BandwidthMaximum?: UInt64 | undefined
}
