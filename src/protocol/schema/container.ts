// Containers and processes as HCS describes them (Windows containers, process documents, time zones).

import type { RegistryChanges, StorageQoS } from './compute-system.js'
import type { HvSocket, HvSocketServiceConfig } from './devices.js'
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
import type { Int64 } from './int64.js'

/** Close handle. */
export interface CloseHandle {
  Handle?: STDIOHandle | undefined
}

/** Console size. */
export interface ConsoleSize {
  /** uint16. */
  Height?: number | undefined
  /** uint16. */
  Width?: number | undefined
}

/** Container. */
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

/** Container credential guard add instance request. */
export interface ContainerCredentialGuardAddInstanceRequest {
  Id?: string | undefined
  CredentialSpec?: string | undefined
  Transport?: ContainerCredentialGuardTransport | undefined
}

/** Container credential guard hv socket service config. */
export interface ContainerCredentialGuardHvSocketServiceConfig {
  /** GUID text. */
  ServiceId?: string | undefined
  ServiceConfig?: HvSocketServiceConfig | undefined
}

/** Container credential guard instance. */
export interface ContainerCredentialGuardInstance {
  Id?: string | undefined
  CredentialGuard?: ContainerCredentialGuardState | undefined
  HvSocketConfig?: ContainerCredentialGuardHvSocketServiceConfig | undefined
}

/** Container credential guard operation request. */
export interface ContainerCredentialGuardOperationRequest {
  Operation?: ContainerCredentialGuardModifyOperation | undefined
  /** Holds ContainerCredentialGuardAddInstanceRequest or ContainerCredentialGuardRemoveInstanceRequest. */
  OperationDetails?: unknown
}

/** Container credential guard remove instance request. */
export interface ContainerCredentialGuardRemoveInstanceRequest {
  Id?: string | undefined
}

/** Container credential guard state. */
export interface ContainerCredentialGuardState {
  /** Base64. */
  Cookie?: string | undefined
  RpcEndpoint?: string | undefined
  Transport?: ContainerCredentialGuardTransport | undefined
  CredentialSpec?: string | undefined
}

/** Container credential guard system info. */
export interface ContainerCredentialGuardSystemInfo {
  Instances?: ContainerCredentialGuardInstance[] | undefined
}

/** Device. */
export interface Device {
  /** Since schema 2.2. */
  Type?: DeviceType | undefined
  /** GUID text. */
  InterfaceClassGuid?: string | undefined
  /** Since schema 2.2. */
  LocationPath?: string | undefined
}

/** Guest os. */
export interface GuestOs {
  HostName?: string | undefined
}

/** Layer. */
export interface Layer {
  /** GUID text. */
  Id?: string | undefined
  Path?: string | undefined
  PathType?: HostPathType | undefined
  Cache?: LayerCacheMode | undefined
}

/** Mapped directory. */
export interface MappedDirectory {
  HostPath?: string | undefined
  HostPathType?: HostPathType | undefined
  ContainerPath?: string | undefined
  ReadOnly?: boolean | undefined
  /** Published by Microsoft, not used by the reference implementation; since schema 2.3. */
  SupportCloudFiles?: boolean | undefined
}

/** Mapped pipe. */
export interface MappedPipe {
  ContainerPipeName?: string | undefined
  HostPath?: string | undefined
  HostPathType?: MappedPipePathType | undefined
}

/** Memory. */
export interface Memory {
  /** uint64 (MiB). */
  SizeInMB?: Int64 | undefined
}

/** Container definition device. */
export interface ContainerDefinitionDevice {
  /** Since schema 2.3. */
  device_extension?: DeviceExtension[] | undefined
}

/** Device category. */
export interface DeviceCategory {
  /** Since schema 2.3. */
  name?: string | undefined
  /** Since schema 2.3. */
  interface_class?: InterfaceClass[] | undefined
}

/** Device extension. */
export interface DeviceExtension {
  /** Since schema 2.3. */
  device_category?: DeviceCategory | undefined
  /** Since schema 2.3. */
  namespace?: DeviceExtensionNamespace | undefined
}

/** Device instance. */
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

/** Device namespace. */
export interface DeviceNamespace {
  /** Since schema 2.3. */
  requires_driverstore?: boolean | undefined
  /** Since schema 2.3. */
  device_category?: DeviceCategory[] | undefined
  /** Since schema 2.3. */
  device_instance?: DeviceInstance[] | undefined
}

/** Interface class. */
export interface InterfaceClass {
  /** Since schema 2.3. */
  type?: InterfaceClassType | undefined
  /** GUID text; since schema 2.3. */
  identifier?: string | undefined
  /** Since schema 2.3. */
  recurse?: boolean | undefined
}

/** Device extension namespace. */
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

/** Object directory. */
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

/** Object namespace. */
export interface ObjectNamespace {
  /** Since schema 2.3. */
  shadow?: ObjectDirectoryShadow | undefined
  /** Since schema 2.3. */
  symlink?: ObjectSymlink[] | undefined
  /** Since schema 2.3. */
  objdir?: ObjectDirectory[] | undefined
}

/** Object symlink. */
export interface ObjectSymlink {
  /** Since schema 2.3. */
  name?: string | undefined
  /** Since schema 2.3. */
  path?: string | undefined
  /** Since schema 2.3. */
  scope?: ObjectSymlinkScope | undefined
  /** Since schema 2.3. */
  pathtoclone?: string | undefined
  /** uint32; since schema 2.3. */
  access_mask?: number | undefined
}

/** Networking. */
export interface Networking {
  AllowUnqualifiedDnsQuery?: boolean | undefined
  DnsSearchList?: string | undefined
  NetworkSharedContainerName?: string | undefined
  Namespace?: string | undefined
  NetworkAdapters?: string[] | undefined
}

/** Process modify request. */
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
  /** Keys are names. */
  Environment?: Record<string, string> | undefined
  RestrictedToken?: boolean | undefined
  EmulateConsole?: boolean | undefined
  CreateStdInPipe?: boolean | undefined
  CreateStdOutPipe?: boolean | undefined
  CreateStdErrPipe?: boolean | undefined
  /** [height, width]; int32. */
  ConsoleSize?: number[] | undefined
  UseExistingLogin?: boolean | undefined
  UseLegacyConsole?: boolean | undefined
}

/** Processor. */
export interface Processor {
  /** uint32. */
  Count?: number | undefined
  /** int64. */
  Maximum?: Int64 | undefined
  /** int64. */
  Weight?: Int64 | undefined
}

/** Storage. */
export interface Storage {
  Layers?: Layer[] | undefined
  Path?: string | undefined
  QoS?: StorageQoS | undefined
  PrivilegedContainerRootPath?: string | undefined
}

/** System time. */
export interface SystemTime {
  /** uint16. */
  Year?: number | undefined
  /** uint16. */
  Month?: number | undefined
  /** uint16. */
  DayOfWeek?: number | undefined
  /** uint16. */
  Day?: number | undefined
  /** uint16. */
  Hour?: number | undefined
  /** uint16. */
  Minute?: number | undefined
  /** uint16. */
  Second?: number | undefined
  /** uint16 (ms). */
  Milliseconds?: number | undefined
}

/** A time zone in the form of the Windows API. */
export interface TimeZoneInformation {
  /** int32. */
  Bias?: number | undefined
  StandardName?: string | undefined
  StandardDate?: SystemTime | undefined
  /** int32. */
  StandardBias?: number | undefined
  DaylightName?: string | undefined
  DaylightDate?: SystemTime | undefined
  /** int32. */
  DaylightBias?: number | undefined
}
