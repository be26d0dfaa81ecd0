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
import type { Int64 } from './int64.js'

/** The devices. What is present here can be changed while the machine runs. */
export interface Devices {
  /** Keys are decimal numbers. */
  ComPorts?: Record<string, ComPort> | undefined
  /** Keys are names. */
  Scsi?: Record<string, Scsi> | undefined
  VirtualPMem?: VirtualPMemController | undefined
  /** Keys are names. */
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
  /** Keys are names. */
  FlexibleIov?: Record<string, FlexibleIoDevice> | undefined
  SharedMemory?: SharedMemoryConfiguration | undefined
  /** Keys are names; since schema 2.3. */
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
  /** Keys are decimal numbers. */
  Attachments?: Record<string, Attachment> | undefined
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
  /** Keys are decimal numbers up to 255. */
  Devices?: Record<string, VirtualPMemDevice> | undefined
  /** uint8. */
  MaximumCount?: number | undefined
  /** uint64 (bytes). */
  MaximumSizeBytes?: Int64 | undefined
  Backing?: VirtualPMemBackingType | undefined
}

/** One image presented as persistent memory. */
export interface VirtualPMemDevice {
  HostPath?: string | undefined
  ReadOnly?: boolean | undefined
  ImageFormat?: VirtualPMemImageFormat | undefined
  /** uint64 (bytes); published by Microsoft, not used by the reference implementation; since schema 2.2. */
  SizeBytes?: Int64 | undefined
  /** Keys are names; published by Microsoft, not used by the reference implementation; since schema 2.2. */
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
  /** GUID text; published by Microsoft, not used by the reference implementation; since schema 2.4. */
  InstanceId?: string | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  DisableInterruptBatching?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  ConnectionState?: unknown
}

/** SR-IOV settings of an adapter. */
export interface IovSettings {
  /** uint32; since schema 2.4. */
  OffloadWeight?: number | undefined
  /** uint32; since schema 2.4. */
  QueuePairsRequested?: number | undefined
  /** Since schema 2.4. */
  InterruptModeration?: InterruptModerationName | undefined
}

/** Video monitor. */
export interface VideoMonitor {
  /** uint16. */
  HorizontalResolution?: number | undefined
  /** uint16. */
  VerticalResolution?: number | undefined
  ConnectionOptions?: RdpConnectionOptions | undefined
}

/** Rdp connection options. */
export interface RdpConnectionOptions {
  AccessSids?: string[] | undefined
  NamedPipe?: string | undefined
}

/** Hv socket. */
export interface HvSocket {
  Config?: HvSocketSystemConfig | undefined
  EnablePowerShellDirect?: boolean | undefined
}

/** Hv socket2. */
export interface HvSocket2 {
  HvSocketConfig?: HvSocketSystemConfig | undefined
}

/** Hyper-V socket defaults and per-service table. */
export interface HvSocketSystemConfig {
  DefaultBindSecurityDescriptor?: string | undefined
  DefaultConnectSecurityDescriptor?: string | undefined
  /** Keys are GUIDs. */
  ServiceTable?: Record<string, HvSocketServiceConfig> | undefined
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

/** Enhanced mode video. */
export interface EnhancedModeVideo {
  ConnectionOptions?: RdpConnectionOptions | undefined
}

/** Guest crash reporting. */
export interface GuestCrashReporting {
  WindowsCrashSettings?: WindowsCrashReporting | undefined
}

/** Windows crash reporting. */
export interface WindowsCrashReporting {
  DumpFileName?: string | undefined
  /** int64. */
  MaxDumpSize?: Int64 | undefined
  DumpType?: WindowsCrashDumpType | undefined
}

/** SMB shares over VMBus, for Windows guests. */
export interface VirtualSmb {
  Shares?: VirtualSmbShare[] | undefined
  /** int64 (MiB). */
  DirectFileMappingInMB?: Int64 | undefined
}

/** One SMB share: a host directory under a name. */
export interface VirtualSmbShare {
  Name?: string | undefined
  Path?: string | undefined
  AllowedFiles?: string[] | undefined
  Options?: VirtualSmbShareOptions | undefined
}

/** Virtual smb share options. */
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
  /** uint32. */
  Port?: number | undefined
  /** Bit set. */
  Flags?: Plan9ShareFlags | undefined
  /** Since schema 2.2. */
  AllowedFiles?: string[] | undefined
}

/** Flexible io device. */
export interface FlexibleIoDevice {
  /** GUID text. */
  EmulatorId?: string | undefined
  HostingModel?: FlexibleIoDeviceHostingModel | undefined
  Configuration?: string[] | undefined
}

/** Shared memory configuration. */
export interface SharedMemoryConfiguration {
  Regions?: SharedMemoryRegion[] | undefined
}

/** Shared memory region. */
export interface SharedMemoryRegion {
  SectionName?: string | undefined
  /** uint64. */
  StartOffset?: Int64 | undefined
  /** uint64. */
  Length?: Int64 | undefined
  AllowGuestWrite?: boolean | undefined
  HiddenFromGuest?: boolean | undefined
}

/** Shared memory region info. */
export interface SharedMemoryRegionInfo {
  SectionName?: string | undefined
  /** uint64. */
  GuestPhysicalAddress?: Int64 | undefined
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
  /** uint16; since schema 2.3. */
  VirtualFunction?: number | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  AllowDirectTranslatedP2P?: boolean | undefined
}
