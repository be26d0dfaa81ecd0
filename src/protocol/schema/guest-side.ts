// Messages of the guest connection as a Linux guest declares them.

import type { CgroupMetrics } from './cgroup.js'
import type { ActiveOperation, GuestSidePropertyType, GuestSideRequestType, NotificationType, OsType } from './enums.js'
import type { ErrorRecord, GcsGuestCapabilities } from './gcs-messages.js'
import type { OciProcess, OciSpec } from './oci.js'
import type { Always, AlwaysOrNull, Int32, JsonText, UInt16, UInt32 } from './primitives.js'

export interface ProtocolSupport {
  MinimumVersion?: string | undefined
  MaximumVersion?: string | undefined
  MinimumProtocolVersion?: Always<UInt32>
  MaximumProtocolVersion?: Always<UInt32>
}

export interface GuestSideGcsCapabilities {
  SendHostCreateMessage?: boolean | undefined
  SendHostStartMessage?: boolean | undefined
  HvSocketConfigOnStartup?: boolean | undefined
  SupportedSchemaVersions?: SchemaVersion[] | undefined
  RuntimeOsType?: OsType | undefined
  GuestDefinedCapabilities?: Always<GcsGuestCapabilities>
}

export interface MessageBase {
  ContainerId?: Always<string>
  ActivityId?: Always<string>
  otsc?: Record<string, string> | undefined
}

export interface NegotiateProtocol extends MessageBase {
  MinimumVersion?: Always<UInt32>
  MaximumVersion?: Always<UInt32>
}

export interface GuestSideContainerCreate extends MessageBase {
  /** Holds VMHostedContainerSettingsV2. */
  ContainerConfig?: Always<JsonText>
  SupportedVersions?: Always<ProtocolSupport>
}

export interface GuestSideContainerNotification extends MessageBase {
  Type?: Always<NotificationType>
  Operation?: Always<ActiveOperation>
  Result?: Always<Int32>
  ResultInfo?: string | undefined
}

export interface GuestSideExecuteProcessVsockStdioRelaySettings {
  StdIn?: UInt32 | undefined
  StdOut?: UInt32 | undefined
  StdErr?: UInt32 | undefined
}

export interface GuestSideExecuteProcessSettings {
  /** Holds GuestSideProcessParameters. */
  ProcessParameters?: Always<JsonText>
  VsockStdioRelaySettings?: Always<GuestSideExecuteProcessVsockStdioRelaySettings>
}

export interface GuestSideContainerExecuteProcess extends MessageBase {
  Settings?: Always<GuestSideExecuteProcessSettings>
}

export interface GuestSideContainerResizeConsole extends MessageBase {
  ProcessId?: Always<UInt32>
  Height?: Always<UInt16>
  Width?: Always<UInt16>
}

export interface GuestSideContainerWaitForProcess extends MessageBase {
  ProcessId?: Always<UInt32>
  TimeoutInMs?: Always<UInt32>
}

export interface GuestSideContainerSignalProcess extends MessageBase {
  ProcessId?: Always<UInt32>
  Options?: Always<SignalProcessOptions>
}

export interface GuestSideContainerGetProperties extends MessageBase {
  /** Holds GuestSidePropertyQuery. */
  Query?: Always<JsonText>
}

export interface ResourceModificationRequestResponse {
  ResourceType?: Always<GuestSidePropertyType>
  RequestType?: GuestSideRequestType | undefined
  Settings?: unknown
}

export interface GuestSideContainerModifySettings extends MessageBase {
  /** Holds GuestRequestModificationRequest. */
  Request?: AlwaysOrNull<unknown>
}

export interface MessageResponseBase {
  Result?: Always<Int32>
  ActivityId?: string | undefined
  ErrorMessage?: string | undefined
  ErrorRecords?: ErrorRecord[] | undefined
}

export interface GuestSideNegotiateProtocolResponse extends MessageResponseBase {
  Version?: Always<UInt32>
  Capabilities?: Always<GuestSideGcsCapabilities>
}

export interface GuestSideDumpStacksResponse extends MessageResponseBase {
  GuestStacks?: Always<string>
}

export interface GuestSideContainerCreateResponse extends MessageResponseBase {
  SelectedVersion?: string | undefined
  SelectedProtocolVersion?: Always<UInt32>
}

export interface GuestSideContainerExecuteProcessResponse extends MessageResponseBase {
  ProcessId?: Always<UInt32>
}

export interface GuestSideContainerWaitForProcessResponse extends MessageResponseBase {
  ExitCode?: Always<UInt32>
}

export interface GuestSideContainerGetPropertiesResponse extends MessageResponseBase {
  /** Holds GuestSideProperties or PropertiesV2. */
  Properties?: Always<JsonText>
}

export interface SchemaVersion {
  Major?: UInt32 | undefined
  Minor?: UInt32 | undefined
}

export interface VMHostedContainerSettingsV2 {
  SchemaVersion?: Always<SchemaVersion>
  OciBundlePath?: string | undefined
  OciSpecification?: OciSpec | undefined
  ScratchDirPath?: Always<string>
}

export interface GuestSideProcessParameters {
  CommandLine?: string | undefined
  CommandArgs?: string[] | undefined
  WorkingDirectory?: string | undefined
  Environment?: Record<string, string> | undefined
  EmulateConsole?: boolean | undefined
  CreateStdInPipe?: boolean | undefined
  CreateStdOutPipe?: boolean | undefined
  CreateStdErrPipe?: boolean | undefined
  CreateInUtilityVM?: boolean | undefined
  OciSpecification?: OciSpec | undefined
  OciProcess?: OciProcess | undefined
}

export interface SignalProcessOptions {
  Signal?: Always<Int32>
}

export interface GuestSideProcessDetails {
  ProcessId?: Always<UInt32>
}

export interface GuestSidePropertyQuery {
  PropertyTypes?: GuestSidePropertyType[] | undefined
}

export interface GuestSideProperties {
  ProcessList?: GuestSideProcessDetails[] | undefined
}

export interface PropertiesV2 {
  ProcessList?: GuestSideProcessDetails[] | undefined
  LCOWMetrics?: CgroupMetrics | undefined
}
