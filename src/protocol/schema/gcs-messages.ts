// Messages of the guest connection as the host encodes and decodes them.

import type { Version } from './compute-system.js'
import type { ProcessParameters, TimeZoneInformation } from './container.js'
import type { ActiveOperation, NotificationType, RuntimeOsType, ServiceModifyPropertyType } from './enums.js'
import type { GuestDefinedCapabilities } from './hcs1.js'
import type { OciProcess, OciSpec } from './oci.js'
import type { Always, AlwaysOrNull, Guid, Int32, JsonText, UInt16, UInt32 } from './primitives.js'

export interface Ocspancontext {
  TraceID?: string | undefined
  SpanID?: string | undefined
  TraceOptions?: UInt32 | undefined
  Tracestate?: string | undefined
}

/** Members of every request on the bridge. */
export interface RequestBase {
  ContainerId?: Always<string>
  ActivityId?: Always<Guid>
  otsc?: Record<string, string> | undefined
  /** Deprecated. */
  ocsc?: Ocspancontext | undefined
}

/** Members of every response on the bridge. */
export interface ResponseBase {
  Result?: Always<Int32>
  ErrorMessage?: string | undefined
  ActivityId?: Always<Guid>
  ErrorRecords?: ErrorRecord[] | undefined
}

export interface NegotiateProtocolRequest extends RequestBase {
  MinimumVersion?: Always<UInt32>
  MaximumVersion?: Always<UInt32>
}

export interface NegotiateProtocolResponse extends ResponseBase {
  Version?: UInt32 | undefined
  Capabilities?: Always<GcsCapabilities>
}

export type DumpStacksRequest = RequestBase

export interface DumpStacksResponse extends ResponseBase {
  GuestStacks?: Always<string>
}

export type DeleteContainerStateRequest = RequestBase

export interface ContainerCreate extends RequestBase {
  /** Holds UvmConfig or LinuxHostedSystem or HostedSystem or CWCOWHostedSystem. */
  ContainerConfig?: Always<JsonText>
}

export interface UvmConfig {
  SystemType?: Always<string>
  TimeZoneInformation?: AlwaysOrNull<TimeZoneInformation>
}

export interface ContainerNotification extends RequestBase {
  Type?: Always<NotificationType>
  Operation?: Always<ActiveOperation>
  Result?: Always<Int32>
  ResultInfo?: Always<JsonText>
}

export interface ServiceModificationRequest extends RequestBase {
  PropertyType?: Always<ServiceModifyPropertyType>
  /** Holds LogForwardServiceRPCRequest. */
  Settings?: unknown
}

export interface ContainerExecuteProcess extends RequestBase {
  Settings?: Always<ExecuteProcessSettings>
}

export interface ExecuteProcessSettings {
  /** Holds ProcessParameters or LcowProcessParameters. */
  ProcessParameters?: Always<JsonText>
  StdioRelaySettings?: ExecuteProcessStdioRelaySettings | undefined
  VsockStdioRelaySettings?: ExecuteProcessVsockStdioRelaySettings | undefined
}

export interface ExecuteProcessStdioRelaySettings {
  StdIn?: Guid | undefined
  StdOut?: Guid | undefined
  StdErr?: Guid | undefined
}

export interface ExecuteProcessVsockStdioRelaySettings {
  StdIn?: UInt32 | undefined
  StdOut?: UInt32 | undefined
  StdErr?: UInt32 | undefined
}

export interface ContainerResizeConsole extends RequestBase {
  ProcessId?: Always<UInt32>
  Height?: Always<UInt16>
  Width?: Always<UInt16>
}

export interface ContainerWaitForProcess extends RequestBase {
  ProcessId?: Always<UInt32>
  TimeoutInMs?: Always<UInt32>
}

export interface ContainerSignalProcess extends RequestBase {
  ProcessId?: Always<UInt32>
  /** Holds SignalProcessOptionsLCOW or SignalProcessOptionsWCOW. */
  Options?: unknown
}

export interface ContainerGetProperties extends RequestBase {
  Query?: Always<JsonText>
}

export interface ContainerGetPropertiesV2 extends RequestBase {
  Query?: Always<JsonText>
}

export interface ContainerModifySettings extends RequestBase {
  /** Holds GuestRequestModificationRequest or ModifySettingRequest. */
  Request?: AlwaysOrNull<unknown>
}

/** What the guest says of itself in the handshake. */
export interface GcsCapabilities {
  SendHostCreateMessage?: Always<boolean>
  SendHostStartMessage?: Always<boolean>
  HvSocketConfigOnStartup?: Always<boolean>
  SendLifecycleNotifications?: Always<boolean>
  ModifyServiceSettingsSupported?: Always<boolean>
  SupportedSchemaVersions?: AlwaysOrNull<Version[]>
  RuntimeOsType?: Always<RuntimeOsType>
  /** Holds WCOWGuestDefinedCapabilities or LCOWGuestDefinedCapabilities. */
  GuestDefinedCapabilities?: AlwaysOrNull<unknown>
}

export type ContainerCreateResponse = ResponseBase

export interface ContainerExecuteProcessResponse extends ResponseBase {
  ProcessId?: Always<UInt32>
}

export interface ContainerWaitForProcessResponse extends ResponseBase {
  ExitCode?: Always<UInt32>
}

export interface ContainerGetPropertiesResponse extends ResponseBase {
  Properties?: Always<JsonText>
}

export interface ContainerGetPropertiesResponseV2 extends ResponseBase {
  Properties?: Always<JsonText>
}

export interface GcsGuestCapabilities {
  NamespaceAddRequestSupported?: boolean | undefined
  SignalProcessSupported?: boolean | undefined
  DumpStacksSupported?: boolean | undefined
  DeleteContainerStateSupported?: boolean | undefined
}

export type LCOWGuestDefinedCapabilities = GcsGuestCapabilities

export type WCOWGuestDefinedCapabilities = GuestDefinedCapabilities

/** One entry of a failing response. */
export interface ErrorRecord {
  Result?: Always<Int32>
  Message?: Always<string>
  StackTrace?: string | undefined
  ModuleName?: Always<string>
  FileName?: Always<string>
  Line?: Always<UInt32>
  FunctionName?: string | undefined
}

export interface LcowProcessParameters extends ProcessParameters {
  OciProcess?: OciProcess | undefined
}

export interface LinuxHostedSystem {
  SchemaVersion?: AlwaysOrNull<Version>
  OciBundlePath?: Always<string>
  OciSpecification?: AlwaysOrNull<OciSpec>
  ScratchDirPath?: Always<string>
}
