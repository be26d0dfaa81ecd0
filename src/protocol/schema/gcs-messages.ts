// Messages of the guest connection as the host encodes and decodes them.

import type { Version } from './compute-system.js'
import type { ProcessParameters, TimeZoneInformation } from './container.js'
import type { ActiveOperation, NotificationType, RuntimeOsType, ServiceModifyPropertyType } from './enums.js'
import type { GcsGuestCapabilities } from './guest-side.js'
import type { GuestDefinedCapabilities } from './hcs1.js'
import type { OciProcess, OciSpec } from './oci.js'

/** Ocspancontext. */
export interface Ocspancontext {
  TraceID?: string | undefined
  SpanID?: string | undefined
  /** uint32. */
  TraceOptions?: number | undefined
  Tracestate?: string | undefined
}

/** Members of every request on the bridge. */
export interface RequestBase {
  /** Always on the wire. */
  ContainerId?: string | undefined
  /** GUID text; always on the wire. */
  ActivityId?: string | undefined
  /** Keys are names. */
  otsc?: Record<string, string> | undefined
  /** Deprecated. */
  ocsc?: Ocspancontext | undefined
}

/** Members of every response on the bridge. */
export interface ResponseBase {
  /** int32; always on the wire. */
  Result?: number | undefined
  ErrorMessage?: string | undefined
  /** GUID text; always on the wire. */
  ActivityId?: string | undefined
  ErrorRecords?: ErrorRecord[] | undefined
}

/** Negotiate protocol request. */
export interface NegotiateProtocolRequest extends RequestBase {
  /** uint32; always on the wire. */
  MinimumVersion?: number | undefined
  /** uint32; always on the wire. */
  MaximumVersion?: number | undefined
}

/** Negotiate protocol response. */
export interface NegotiateProtocolResponse extends ResponseBase {
  /** uint32. */
  Version?: number | undefined
  /** Always on the wire. */
  Capabilities?: GcsCapabilities | undefined
}

/** Dump stacks request. */
export type DumpStacksRequest = RequestBase

/** Dump stacks response. */
export interface DumpStacksResponse extends ResponseBase {
  /** Always on the wire. */
  GuestStacks?: string | undefined
}

/** Delete container state request. */
export type DeleteContainerStateRequest = RequestBase

/** Container create. */
export interface ContainerCreate extends RequestBase {
  /** A JSON document carried as a string; holds UvmConfig or LinuxHostedSystem or HostedSystem or CWCOWHostedSystem; always on the wire. */
  ContainerConfig?: string | undefined
}

/** Uvm config. */
export interface UvmConfig {
  /** Always on the wire. */
  SystemType?: string | undefined
  /** Always on the wire, null when unset. */
  TimeZoneInformation?: TimeZoneInformation | null | undefined
}

/** Container notification. */
export interface ContainerNotification extends RequestBase {
  /** Always on the wire. */
  Type?: NotificationType | undefined
  /** Always on the wire. */
  Operation?: ActiveOperation | undefined
  /** int32; always on the wire. */
  Result?: number | undefined
  /** A JSON document carried as a string; always on the wire. */
  ResultInfo?: string | undefined
}

/** Service modification request. */
export interface ServiceModificationRequest extends RequestBase {
  /** Always on the wire. */
  PropertyType?: ServiceModifyPropertyType | undefined
  /** Holds LogForwardServiceRPCRequest. */
  Settings?: unknown
}

/** Container execute process. */
export interface ContainerExecuteProcess extends RequestBase {
  /** Always on the wire. */
  Settings?: ExecuteProcessSettings | undefined
}

/** Execute process settings. */
export interface ExecuteProcessSettings {
  /** A JSON document carried as a string; holds ProcessParameters or LcowProcessParameters; always on the wire. */
  ProcessParameters?: string | undefined
  StdioRelaySettings?: ExecuteProcessStdioRelaySettings | undefined
  VsockStdioRelaySettings?: ExecuteProcessVsockStdioRelaySettings | undefined
}

/** Execute process stdio relay settings. */
export interface ExecuteProcessStdioRelaySettings {
  /** GUID text. */
  StdIn?: string | undefined
  /** GUID text. */
  StdOut?: string | undefined
  /** GUID text. */
  StdErr?: string | undefined
}

/** Execute process vsock stdio relay settings. */
export interface ExecuteProcessVsockStdioRelaySettings {
  /** uint32. */
  StdIn?: number | undefined
  /** uint32. */
  StdOut?: number | undefined
  /** uint32. */
  StdErr?: number | undefined
}

/** Container resize console. */
export interface ContainerResizeConsole extends RequestBase {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
  /** uint16; always on the wire. */
  Height?: number | undefined
  /** uint16; always on the wire. */
  Width?: number | undefined
}

/** Container wait for process. */
export interface ContainerWaitForProcess extends RequestBase {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
  /** uint32 (ms); always on the wire. */
  TimeoutInMs?: number | undefined
}

/** Container signal process. */
export interface ContainerSignalProcess extends RequestBase {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
  /** Holds SignalProcessOptionsLCOW or SignalProcessOptionsWCOW. */
  Options?: unknown
}

/** Container get properties. */
export interface ContainerGetProperties extends RequestBase {
  /** A JSON document carried as a string; always on the wire. */
  Query?: string | undefined
}

/** Container get properties V2. */
export interface ContainerGetPropertiesV2 extends RequestBase {
  /** A JSON document carried as a string; always on the wire. */
  Query?: string | undefined
}

/** Container modify settings. */
export interface ContainerModifySettings extends RequestBase {
  /** Holds GuestRequestModificationRequest or ModifySettingRequest; always on the wire, null when unset. */
  Request?: unknown | null
}

/** What the guest says of itself in the handshake. */
export interface GcsCapabilities {
  /** Always on the wire. */
  SendHostCreateMessage?: boolean | undefined
  /** Always on the wire. */
  SendHostStartMessage?: boolean | undefined
  /** Always on the wire. */
  HvSocketConfigOnStartup?: boolean | undefined
  /** Always on the wire. */
  SendLifecycleNotifications?: boolean | undefined
  /** Always on the wire. */
  ModifyServiceSettingsSupported?: boolean | undefined
  /** Always on the wire, null when unset. */
  SupportedSchemaVersions?: Version[] | null | undefined
  /** Always on the wire. */
  RuntimeOsType?: RuntimeOsType | undefined
  /** Holds WCOWGuestDefinedCapabilities or LCOWGuestDefinedCapabilities; always on the wire, null when unset. */
  GuestDefinedCapabilities?: unknown | null
}

/** Container create response. */
export type ContainerCreateResponse = ResponseBase

/** Container execute process response. */
export interface ContainerExecuteProcessResponse extends ResponseBase {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
}

/** Container wait for process response. */
export interface ContainerWaitForProcessResponse extends ResponseBase {
  /** uint32; always on the wire. */
  ExitCode?: number | undefined
}

/** Container get properties response. */
export interface ContainerGetPropertiesResponse extends ResponseBase {
  /** A JSON document carried as a string; always on the wire. */
  Properties?: string | undefined
}

/** Container get properties response V2. */
export interface ContainerGetPropertiesResponseV2 extends ResponseBase {
  /** A JSON document carried as a string; always on the wire. */
  Properties?: string | undefined
}

/** LCOW guest defined capabilities. */
export type LCOWGuestDefinedCapabilities = GcsGuestCapabilities

/** WCOW guest defined capabilities. */
export type WCOWGuestDefinedCapabilities = GuestDefinedCapabilities

/** One entry of a failing response. */
export interface ErrorRecord {
  /** int32; always on the wire. */
  Result?: number | undefined
  /** Always on the wire. */
  Message?: string | undefined
  StackTrace?: string | undefined
  /** Always on the wire. */
  ModuleName?: string | undefined
  /** Always on the wire. */
  FileName?: string | undefined
  /** uint32; always on the wire. */
  Line?: number | undefined
  FunctionName?: string | undefined
}

/** Lcow process parameters. */
export interface LcowProcessParameters extends ProcessParameters {
  OciProcess?: OciProcess | undefined
}

/** Linux hosted system. */
export interface LinuxHostedSystem {
  /** Always on the wire, null when unset. */
  SchemaVersion?: Version | null | undefined
  /** Always on the wire. */
  OciBundlePath?: string | undefined
  /** Always on the wire, null when unset. */
  OciSpecification?: OciSpec | null | undefined
  /** Always on the wire. */
  ScratchDirPath?: string | undefined
}
