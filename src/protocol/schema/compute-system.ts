// The create document of a virtual machine: everything but its devices, memory and processors.

import type { Container } from './container.js'
import type { Devices } from './devices.js'
import type {
  ApplySecureBootTemplateType,
  ExitType,
  GuestStateFileType,
  PauseReason,
  PauseSuspensionLevel,
  RegistryHive,
  RegistryValueType,
  SaveType,
  ShutdownMechanism,
  ShutdownType,
  UefiBootDevice,
  UefiConsole,
  VmIsolationType,
} from './enums.js'
import type { Int64 } from './int64.js'
import type { Numa, VirtualMachineMemory, VirtualMachineProcessor } from './memory-processor.js'
import type { MigrationInitializeOptions, MigrationStartOptions } from './migration.js'

/** The document a compute system is created from. Exactly one of VirtualMachine, Container and HostedSystem. */
export interface ComputeSystem {
  Owner?: string | undefined
  SchemaVersion?: Version | undefined
  HostingSystemId?: string | undefined
  /** Holds HostedSystem or LinuxHostedSystem. */
  HostedSystem?: unknown
  Container?: Container | undefined
  VirtualMachine?: VirtualMachine | undefined
  /** The VM ends when its last handle closes, in whichever process. */
  ShouldTerminateOnLastHandleClosed?: boolean | undefined
}

/** A virtual machine: chipset, topology, devices and what it restores from. */
export interface VirtualMachine {
  /** Since schema 2.5. */
  Version?: Version | undefined
  /** A guest reboot ends the VM. */
  StopOnReset?: boolean | undefined
  Chipset?: Chipset | undefined
  ComputeTopology?: Topology | undefined
  Devices?: Devices | undefined
  GuestState?: GuestState | undefined
  RestoreState?: RestoreState | undefined
  RegistryChanges?: RegistryChanges | undefined
  StorageQoS?: StorageQoS | undefined
  DebugOptions?: DebugOptions | undefined
  GuestConnection?: GuestConnection | undefined
  SecuritySettings?: SecuritySettings | undefined
  ResourcePartitionId?: string | undefined
  MigrationOptions?: MigrationInitializeOptions | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  Services?: unknown
}

/** A version as two numbers; a zero Minor is left out on the wire. */
export interface Version {
  /** uint32. */
  Major?: number | undefined
  /** uint32. */
  Minor?: number | undefined
}

/** Firmware and identity of the machine: Uefi or LinuxKernelDirect, never both. */
export interface Chipset {
  Uefi?: Uefi | undefined
  IsNumLockDisabled?: boolean | undefined
  BaseBoardSerialNumber?: string | undefined
  ChassisSerialNumber?: string | undefined
  ChassisAssetTag?: string | undefined
  UseUtc?: boolean | undefined
  /** Since schema 2.2. */
  LinuxKernelDirect?: LinuxKernelDirect | undefined
  FirmwareFile?: FirmwareFile | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.5. */
  EnableHibernation?: boolean | undefined
}

/** UEFI firmware settings. */
export interface Uefi {
  EnableDebugger?: boolean | undefined
  /** Since schema 2.3. */
  ApplySecureBootTemplate?: ApplySecureBootTemplateType | undefined
  /** GUID text. */
  SecureBootTemplateId?: string | undefined
  BootThis?: UefiBootEntry | undefined
  Console?: UefiConsole | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.2. */
  StopOnBootFailure?: boolean | undefined
}

/** What the firmware boots. */
export interface UefiBootEntry {
  DeviceType?: UefiBootDevice | undefined
  DevicePath?: string | undefined
  /** uint16. */
  DiskNumber?: number | undefined
  OptionalData?: string | undefined
  VmbFsRootPath?: string | undefined
}

/** Boots a Linux kernel without firmware (Windows build 18286 and later). */
export interface LinuxKernelDirect {
  /** Since schema 2.2. */
  KernelFilePath?: string | undefined
  /** Since schema 2.2. */
  InitRdPath?: string | undefined
  /** Since schema 2.2. */
  KernelCmdLine?: string | undefined
}

/** Firmware file. Not in the published schema. */
export interface FirmwareFile {
  /** Base64. */
  Parameters?: string | undefined
}

/** Memory, processors and NUMA layout. */
export interface Topology {
  Memory?: VirtualMachineMemory | undefined
  Processor?: VirtualMachineProcessor | undefined
  Numa?: Numa | undefined
}

/** Files that hold the guest's firmware and runtime state. */
export interface GuestState {
  GuestStateFilePath?: string | undefined
  GuestStateFileType?: GuestStateFileType | undefined
  RuntimeStateFilePath?: string | undefined
  ForceTransientState?: boolean | undefined
}

/** Starts the machine from a saved state or a template instead of booting. */
export interface RestoreState {
  SaveStateFilePath?: string | undefined
  TemplateSystemId?: string | undefined
}

/** Registry values written before a Windows guest boots. */
export interface RegistryChanges {
  AddValues?: RegistryValue[] | undefined
  DeleteKeys?: RegistryKey[] | undefined
}

/** Registry key. */
export interface RegistryKey {
  Hive?: RegistryHive | undefined
  Name?: string | undefined
  Volatile?: boolean | undefined
}

/** Registry value. */
export interface RegistryValue {
  Key?: RegistryKey | undefined
  Name?: string | undefined
  Type?: RegistryValueType | undefined
  StringValue?: string | undefined
  /** Base64. */
  BinaryValue?: string | undefined
  /** uint32. */
  DWordValue?: number | undefined
  /** uint64. */
  QWordValue?: Int64 | undefined
  /** uint32. */
  CustomType?: number | undefined
}

/** Upper bounds for all disks of the machine together. */
export interface StorageQoS {
  /** uint64. */
  IopsMaximum?: Int64 | undefined
  /** uint64. */
  BandwidthMaximum?: Int64 | undefined
}

/** Debug options. Not in the published schema. */
export interface DebugOptions {
  BugcheckSavedStateFileName?: string | undefined
  BugcheckNoCrashdumpSavedStateFileName?: string | undefined
  TripleFaultSavedStateFileName?: string | undefined
  FirmwareDumpFileName?: string | undefined
}

/** Makes HCS itself talk to the guest service; left out when the embedding program owns that connection. */
export interface GuestConnection {
  UseVsock?: boolean | undefined
  UseConnectedSuspend?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.4. */
  UseHostTimeZone?: boolean | undefined
}

/** TPM and isolation of a confidential machine. Not in the published schema. */
export interface SecuritySettings {
  EnableTpm?: boolean | undefined
  Isolation?: IsolationSettings | undefined
}

/** Isolation settings. Not in the published schema. */
export interface IsolationSettings {
  IsolationType?: VmIsolationType | undefined
  DebugHost?: string | undefined
  /** int64. */
  DebugPort?: Int64 | undefined
  LaunchData?: string | undefined
  HclEnabled?: boolean | undefined
}

/** Hosted system. */
export interface HostedSystem {
  SchemaVersion?: Version | undefined
  Container?: Container | undefined
}

/** Start options. Not in the published schema. */
export interface StartOptions {
  DestinationMigrationOptions?: MigrationStartOptions | undefined
}

/** How to save a paused machine. */
export interface SaveOptions {
  SaveType?: SaveType | undefined
  SaveStateFilePath?: string | undefined
}

/** How to ask the guest to go down. */
export interface ShutdownOptions {
  Mechanism?: ShutdownMechanism | undefined
  Type?: ShutdownType | undefined
  Force?: boolean | undefined
  Reason?: string | undefined
}

/** How deep to pause and why. */
export interface PauseOptions {
  SuspensionLevel?: PauseSuspensionLevel | undefined
  HostedNotification?: PauseNotification | undefined
}

/** Pause notification. */
export interface PauseNotification {
  Reason?: PauseReason | undefined
}

/** What the exit event of a compute system carries. */
export interface SystemExitStatus {
  /** int32. */
  Status?: number | undefined
  /** Since schema 2.2. */
  ExitType?: ExitType | undefined
}

/** Cim mount. */
export interface CimMount {
  /** Since schema 2.3. */
  ImagePath?: string | undefined
  /** Since schema 2.3. */
  FileSystemName?: string | undefined
  /** GUID text; since schema 2.3. */
  VolumeGuid?: string | undefined
  /** uint32; since schema 2.5. */
  MountFlags?: number | undefined
}
