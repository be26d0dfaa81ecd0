// The create document of a virtual machine: everything but its devices, memory and processors.

import type { Container } from './container.js'
import type { Devices, StorageQoS } from './devices.js'
import type {
  ApplySecureBootTemplateType,
  ExitType,
  GuestStateFileType,
  PauseReason,
  PauseSuspensionLevel,
  SaveType,
  ShutdownMechanism,
  ShutdownType,
  UefiBootDevice,
  UefiConsole,
  VmIsolationType,
} from './enums.js'
import type { Numa, VirtualMachineMemory, VirtualMachineProcessor } from './memory-processor.js'
import type { MigrationInitializeOptions, MigrationStartOptions } from './migration.js'
import type { Base64, Int32, Int64, UInt16, UInt32 } from './primitives.js'
import type { RegistryChanges } from './registry.js'

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
  Major?: UInt32 | undefined
  Minor?: UInt32 | undefined
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
  DiskNumber?: UInt16 | undefined
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

/** Not in the published schema. */
export interface FirmwareFile {
  Parameters?: Base64 | undefined
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

/** Not in the published schema. */
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

/** Not in the published schema. */
export interface IsolationSettings {
  IsolationType?: VmIsolationType | undefined
  DebugHost?: string | undefined
  DebugPort?: Int64 | undefined
  LaunchData?: string | undefined
  HclEnabled?: boolean | undefined
}

export interface HostedSystem {
  SchemaVersion?: Version | undefined
  Container?: Container | undefined
}

/** Not in the published schema. */
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

export interface PauseNotification {
  Reason?: PauseReason | undefined
}

/** What the exit event of a compute system carries. */
export interface SystemExitStatus {
  Status?: Int32 | undefined
  /** Since schema 2.2. */
  ExitType?: ExitType | undefined
}

export interface CimMount {
  /** Since schema 2.3. */
  ImagePath?: string | undefined
  /** Since schema 2.3. */
  FileSystemName?: string | undefined
  /** GUID text; since schema 2.3. */
  VolumeGuid?: string | undefined
  /** Since schema 2.5. */
  MountFlags?: UInt32 | undefined
}
