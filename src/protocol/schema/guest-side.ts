// Messages of the guest connection as a Linux guest declares them.

import type { CgroupMetrics } from './cgroup.js'
import type { ActiveOperation, GuestSidePropertyType, GuestSideRequestType, NotificationType, OsType } from './enums.js'
import type { ErrorRecord } from './gcs-messages.js'
import type { OciProcess, OciSpec } from './oci.js'

/** Protocol support. */
export interface ProtocolSupport {
  MinimumVersion?: string | undefined
  MaximumVersion?: string | undefined
  /** uint32; always on the wire. */
  MinimumProtocolVersion?: number | undefined
  /** uint32; always on the wire. */
  MaximumProtocolVersion?: number | undefined
}

/** Guest-side gcs capabilities. */
export interface GuestSideGcsCapabilities {
  SendHostCreateMessage?: boolean | undefined
  SendHostStartMessage?: boolean | undefined
  HvSocketConfigOnStartup?: boolean | undefined
  SupportedSchemaVersions?: SchemaVersion[] | undefined
  RuntimeOsType?: OsType | undefined
  /** Always on the wire. */
  GuestDefinedCapabilities?: GcsGuestCapabilities | undefined
}

/** Gcs guest capabilities. */
export interface GcsGuestCapabilities {
  NamespaceAddRequestSupported?: boolean | undefined
  SignalProcessSupported?: boolean | undefined
  DumpStacksSupported?: boolean | undefined
  DeleteContainerStateSupported?: boolean | undefined
}

/** Message base. */
export interface MessageBase {
  /** Always on the wire. */
  ContainerId?: string | undefined
  /** Always on the wire. */
  ActivityId?: string | undefined
  /** Keys are names. */
  otsc?: Record<string, string> | undefined
}

/** Negotiate protocol. */
export interface NegotiateProtocol extends MessageBase {
  /** uint32; always on the wire. */
  MinimumVersion?: number | undefined
  /** uint32; always on the wire. */
  MaximumVersion?: number | undefined
}

/** Guest-side container create. */
export interface GuestSideContainerCreate extends MessageBase {
  /** A JSON document carried as a string; holds VMHostedContainerSettingsV2; always on the wire. */
  ContainerConfig?: string | undefined
  /** Always on the wire. */
  SupportedVersions?: ProtocolSupport | undefined
}

/** Guest-side container notification. */
export interface GuestSideContainerNotification extends MessageBase {
  /** Always on the wire. */
  Type?: NotificationType | undefined
  /** Always on the wire. */
  Operation?: ActiveOperation | undefined
  /** int32; always on the wire. */
  Result?: number | undefined
  ResultInfo?: string | undefined
}

/** Guest-side execute process vsock stdio relay settings. */
export interface GuestSideExecuteProcessVsockStdioRelaySettings {
  /** uint32. */
  StdIn?: number | undefined
  /** uint32. */
  StdOut?: number | undefined
  /** uint32. */
  StdErr?: number | undefined
}

/** Guest-side execute process settings. */
export interface GuestSideExecuteProcessSettings {
  /** A JSON document carried as a string; holds GuestSideProcessParameters; always on the wire. */
  ProcessParameters?: string | undefined
  /** Always on the wire. */
  VsockStdioRelaySettings?: GuestSideExecuteProcessVsockStdioRelaySettings | undefined
}

/** Guest-side container execute process. */
export interface GuestSideContainerExecuteProcess extends MessageBase {
  /** Always on the wire. */
  Settings?: GuestSideExecuteProcessSettings | undefined
}

/** Guest-side container resize console. */
export interface GuestSideContainerResizeConsole extends MessageBase {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
  /** uint16; always on the wire. */
  Height?: number | undefined
  /** uint16; always on the wire. */
  Width?: number | undefined
}

/** Guest-side container wait for process. */
export interface GuestSideContainerWaitForProcess extends MessageBase {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
  /** uint32 (ms); always on the wire. */
  TimeoutInMs?: number | undefined
}

/** Guest-side container signal process. */
export interface GuestSideContainerSignalProcess extends MessageBase {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
  /** Always on the wire. */
  Options?: SignalProcessOptions | undefined
}

/** Guest-side container get properties. */
export interface GuestSideContainerGetProperties extends MessageBase {
  /** A JSON document carried as a string; holds GuestSidePropertyQuery; always on the wire. */
  Query?: string | undefined
}

/** Resource modification request response. */
export interface ResourceModificationRequestResponse {
  /** Always on the wire. */
  ResourceType?: GuestSidePropertyType | undefined
  RequestType?: GuestSideRequestType | undefined
  Settings?: unknown
}

/** Guest-side container modify settings. */
export interface GuestSideContainerModifySettings extends MessageBase {
  /** Holds GuestRequestModificationRequest; always on the wire, null when unset. */
  Request?: unknown | null
}

/** Message response base. */
export interface MessageResponseBase {
  /** int32; always on the wire. */
  Result?: number | undefined
  ActivityId?: string | undefined
  ErrorMessage?: string | undefined
  ErrorRecords?: ErrorRecord[] | undefined
}

/** Guest-side negotiate protocol response. */
export interface GuestSideNegotiateProtocolResponse extends MessageResponseBase {
  /** uint32; always on the wire. */
  Version?: number | undefined
  /** Always on the wire. */
  Capabilities?: GuestSideGcsCapabilities | undefined
}

/** Guest-side dump stacks response. */
export interface GuestSideDumpStacksResponse extends MessageResponseBase {
  /** Always on the wire. */
  GuestStacks?: string | undefined
}

/** Guest-side container create response. */
export interface GuestSideContainerCreateResponse extends MessageResponseBase {
  SelectedVersion?: string | undefined
  /** uint32; always on the wire. */
  SelectedProtocolVersion?: number | undefined
}

/** Guest-side container execute process response. */
export interface GuestSideContainerExecuteProcessResponse extends MessageResponseBase {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
}

/** Guest-side container wait for process response. */
export interface GuestSideContainerWaitForProcessResponse extends MessageResponseBase {
  /** uint32; always on the wire. */
  ExitCode?: number | undefined
}

/** Guest-side container get properties response. */
export interface GuestSideContainerGetPropertiesResponse extends MessageResponseBase {
  /** A JSON document carried as a string; holds GuestSideProperties or PropertiesV2; always on the wire. */
  Properties?: string | undefined
}

/** Schema version. */
export interface SchemaVersion {
  /** uint32. */
  Major?: number | undefined
  /** uint32. */
  Minor?: number | undefined
}

/** VM hosted container settings V2. */
export interface VMHostedContainerSettingsV2 {
  /** Always on the wire. */
  SchemaVersion?: SchemaVersion | undefined
  OciBundlePath?: string | undefined
  OciSpecification?: OciSpec | undefined
  /** Always on the wire. */
  ScratchDirPath?: string | undefined
}

/** Guest-side process parameters. */
export interface GuestSideProcessParameters {
  CommandLine?: string | undefined
  CommandArgs?: string[] | undefined
  WorkingDirectory?: string | undefined
  /** Keys are names. */
  Environment?: Record<string, string> | undefined
  EmulateConsole?: boolean | undefined
  CreateStdInPipe?: boolean | undefined
  CreateStdOutPipe?: boolean | undefined
  CreateStdErrPipe?: boolean | undefined
  CreateInUtilityVM?: boolean | undefined
  OciSpecification?: OciSpec | undefined
  OciProcess?: OciProcess | undefined
}

/** Signal process options. */
export interface SignalProcessOptions {
  /** int32; always on the wire. */
  Signal?: number | undefined
}

/** Guest-side process details. */
export interface GuestSideProcessDetails {
  /** uint32; always on the wire. */
  ProcessId?: number | undefined
}

/** Guest-side property query. */
export interface GuestSidePropertyQuery {
  PropertyTypes?: GuestSidePropertyType[] | undefined
}

/** Guest-side properties. */
export interface GuestSideProperties {
  ProcessList?: GuestSideProcessDetails[] | undefined
}

/** Properties V2. */
export interface PropertiesV2 {
  ProcessList?: GuestSideProcessDetails[] | undefined
  LCOWMetrics?: CgroupMetrics | undefined
}
