// Containers and processes as HCS describes them (Windows containers, process documents, time zones).

import type { HvSocket, HvSocketServiceConfig, StorageQoS } from './devices.js'
import type {
  ContainerCredentialGuardModifyOperation,
  ContainerCredentialGuardTransport,
  DeviceType,
  HostPathType,
  InterfaceClassType,
  IsolationType,
  LayerCacheMode,
  MappedPipePathType,
  ObjectDirectoryShadow,
  ObjectSymlinkScope,
  ProcessModifyOperation,
  STDIOHandle,
} from './enums.js'
import type { Int32, Int64, UInt16, UInt32, UInt64 } from './primitives.js'
import type { RegistryChanges } from './registry.js'

export interface CloseHandle {
  Handle?: STDIOHandle | undefined
}

export interface ConsoleSize {
  Height?: UInt16 | undefined
  Width?: UInt16 | undefined
}

export interface Container {
  GuestOs?: GuestOs | undefined
  Storage?: Storage | undefined
  MappedDirectories?: MappedDirectory[] | undefined
  MappedPipes?: MappedPipe[] | undefined
  Memory?: Memory | undefined
  Processor?: Processor | undefined
  Networking?: Networking | undefined
  HvSocket?: HvSocket | undefined
  ContainerCredentialGuard?: ContainerCredentialGuardState | undefined
  RegistryChanges?: RegistryChanges | undefined
  AssignedDevices?: Device[] | undefined
  /** Since schema 2.3. */
  AdditionalDeviceNamespace?: ContainerDefinitionDevice | undefined
  IsolationType?: IsolationType | undefined
}

export interface ContainerCredentialGuardAddInstanceRequest {
  Id?: string | undefined
  CredentialSpec?: string | undefined
  Transport?: ContainerCredentialGuardTransport | undefined
}

export interface ContainerCredentialGuardHvSocketServiceConfig {
  /** GUID text. */
  ServiceId?: string | undefined
  ServiceConfig?: HvSocketServiceConfig | undefined
}

export interface ContainerCredentialGuardInstance {
  Id?: string | undefined
  CredentialGuard?: ContainerCredentialGuardState | undefined
  HvSocketConfig?: ContainerCredentialGuardHvSocketServiceConfig | undefined
}

export interface ContainerCredentialGuardOperationRequest {
  Operation?: ContainerCredentialGuardModifyOperation | undefined
  /** Holds ContainerCredentialGuardAddInstanceRequest or ContainerCredentialGuardRemoveInstanceRequest. */
  OperationDetails?: unknown
}

export interface ContainerCredentialGuardRemoveInstanceRequest {
  Id?: string | undefined
}

export interface ContainerCredentialGuardState {
  /** Base64. */
  Cookie?: string | undefined
  RpcEndpoint?: string | undefined
  Transport?: ContainerCredentialGuardTransport | undefined
  CredentialSpec?: string | undefined
}

export interface ContainerCredentialGuardSystemInfo {
  Instances?: ContainerCredentialGuardInstance[] | undefined
}

export interface Device {
  /** Since schema 2.2. */
  Type?: DeviceType | undefined
  /** GUID text. */
  InterfaceClassGuid?: string | undefined
  /** Since schema 2.2. */
  LocationPath?: string | undefined
}

export interface GuestOs {
  HostName?: string | undefined
}

export interface Layer {
  /** GUID text. */
  Id?: string | undefined
  Path?: string | undefined
  PathType?: HostPathType | undefined
  Cache?: LayerCacheMode | undefined
}

export interface MappedDirectory {
  HostPath?: string | undefined
  HostPathType?: HostPathType | undefined
  ContainerPath?: string | undefined
  ReadOnly?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  SupportCloudFiles?: boolean | undefined
}

export interface MappedPipe {
  ContainerPipeName?: string | undefined
  HostPath?: string | undefined
  HostPathType?: MappedPipePathType | undefined
}

export interface Memory {
  /** MiB. */
  SizeInMB?: UInt64 | undefined
}

export interface ContainerDefinitionDevice {
  /** Since schema 2.3. */
  device_extension?: DeviceExtension[] | undefined
}

export interface DeviceCategory {
  /** Since schema 2.3. */
  name?: string | undefined
  /** Since schema 2.3. */
  interface_class?: InterfaceClass[] | undefined
}

export interface DeviceExtension {
  /** Since schema 2.3. */
  device_category?: DeviceCategory | undefined
  /** Since schema 2.3. */
  namespace?: DeviceExtensionNamespace | undefined
}

export interface DeviceInstance {
  /** Since schema 2.3. */
  id?: string | undefined
  /** Since schema 2.3. */
  location_path?: string | undefined
  /** Since schema 2.3. */
  port_name?: string | undefined
  /** Since schema 2.3. */
  interface_class?: InterfaceClass[] | undefined
}

export interface DeviceNamespace {
  /** Since schema 2.3. */
  requires_driverstore?: boolean | undefined
  /** Since schema 2.3. */
  device_category?: DeviceCategory[] | undefined
  /** Since schema 2.3. */
  device_instance?: DeviceInstance[] | undefined
}

export interface InterfaceClass {
  /** Since schema 2.3. */
  type?: InterfaceClassType | undefined
  /** GUID text; since schema 2.3. */
  identifier?: string | undefined
  /** Since schema 2.3. */
  recurse?: boolean | undefined
}

export interface DeviceExtensionNamespace {
  /** Since schema 2.3. */
  ob?: ObjectNamespace | undefined
  /** Since schema 2.3. */
  device?: DeviceNamespace | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  job?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  filesystem?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  mountmgr?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  namedpipe?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  registry?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  network?: unknown
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  hostfiles?: unknown
}

export interface ObjectDirectory {
  /** Since schema 2.3. */
  name?: string | undefined
  /** Since schema 2.3. */
  clonesd?: string | undefined
  /** Since schema 2.3. */
  shadow?: ObjectDirectoryShadow | undefined
  /** Since schema 2.3. */
  symlink?: ObjectSymlink[] | undefined
  /** Since schema 2.3. */
  objdir?: ObjectDirectory[] | undefined
}

export interface ObjectNamespace {
  /** Since schema 2.3. */
  shadow?: ObjectDirectoryShadow | undefined
  /** Since schema 2.3. */
  symlink?: ObjectSymlink[] | undefined
  /** Since schema 2.3. */
  objdir?: ObjectDirectory[] | undefined
}

export interface ObjectSymlink {
  /** Since schema 2.3. */
  name?: string | undefined
  /** Since schema 2.3. */
  path?: string | undefined
  /** Since schema 2.3. */
  scope?: ObjectSymlinkScope | undefined
  /** Since schema 2.3. */
  pathtoclone?: string | undefined
  /** Since schema 2.3. */
  access_mask?: UInt32 | undefined
}

export interface Networking {
  AllowUnqualifiedDnsQuery?: boolean | undefined
  DnsSearchList?: string | undefined
  NetworkSharedContainerName?: string | undefined
  Namespace?: string | undefined
  NetworkAdapters?: string[] | undefined
}

export interface ProcessModifyRequest {
  Operation?: ProcessModifyOperation | undefined
  ConsoleSize?: ConsoleSize | undefined
  CloseHandle?: CloseHandle | undefined
}

/** A process to start. */
export interface ProcessParameters {
  ApplicationName?: string | undefined
  CommandLine?: string | undefined
  CommandArgs?: string[] | undefined
  User?: string | undefined
  WorkingDirectory?: string | undefined
  Environment?: Record<string, string> | undefined
  RestrictedToken?: boolean | undefined
  EmulateConsole?: boolean | undefined
  CreateStdInPipe?: boolean | undefined
  CreateStdOutPipe?: boolean | undefined
  CreateStdErrPipe?: boolean | undefined
  /** [height, width]. */
  ConsoleSize?: Int32[] | undefined
  UseExistingLogin?: boolean | undefined
  UseLegacyConsole?: boolean | undefined
}

export interface Processor {
  Count?: UInt32 | undefined
  Maximum?: Int64 | undefined
  Weight?: Int64 | undefined
}

export interface Storage {
  Layers?: Layer[] | undefined
  Path?: string | undefined
  QoS?: StorageQoS | undefined
  PrivilegedContainerRootPath?: string | undefined
}

export interface SystemTime {
  Year?: UInt16 | undefined
  Month?: UInt16 | undefined
  DayOfWeek?: UInt16 | undefined
  Day?: UInt16 | undefined
  Hour?: UInt16 | undefined
  Minute?: UInt16 | undefined
  Second?: UInt16 | undefined
  Milliseconds?: UInt16 | undefined
}

/** A time zone in the form of the Windows API. */
export interface TimeZoneInformation {
  Bias?: Int32 | undefined
  StandardName?: string | undefined
  StandardDate?: SystemTime | undefined
  StandardBias?: Int32 | undefined
  DaylightName?: string | undefined
  DaylightDate?: SystemTime | undefined
  DaylightBias?: Int32 | undefined
}
