// Documents of the host network service that a Windows guest is given.

import type { EndpointFlags, EndpointPolicyType, NamespaceResourceType, NamespaceType } from './enums.js'
import type { Int64 } from './int64.js'

/** A network endpoint. */
export interface HostComputeEndpoint {
  ID?: string | undefined
  Name?: string | undefined
  HostComputeNetwork?: string | undefined
  HostComputeNamespace?: string | undefined
  Policies?: EndpointPolicy[] | undefined
  IpConfigurations?: IpConfig[] | undefined
  /** Always on the wire. */
  Dns?: Dns | undefined
  Routes?: Route[] | undefined
  MacAddress?: string | undefined
  Flags?: EndpointFlags | undefined
  /** Always on the wire. */
  Health?: Health | undefined
  /** Always on the wire. */
  SchemaVersion?: HcnVersion | undefined
}

/** A network namespace. */
export interface HostComputeNamespace {
  ID?: string | undefined
  /** uint32. */
  NamespaceId?: number | undefined
  Type?: NamespaceType | undefined
  Resources?: NamespaceResource[] | undefined
  /** Always on the wire. */
  SchemaVersion?: HcnVersion | undefined
}

/** Encap overhead endpoint policy setting. */
export interface EncapOverheadEndpointPolicySetting {
  /** uint16. */
  Overhead?: number | undefined
}

/** Namespace resource endpoint. */
export interface NamespaceResourceEndpoint {
  /** Always on the wire. */
  ID?: string | undefined
}

/** Namespace resource container. */
export interface NamespaceResourceContainer {
  /** Always on the wire. */
  ID?: string | undefined
}

/** Endpoint policy. */
export interface EndpointPolicy {
  /** Always on the wire. */
  Type?: EndpointPolicyType | undefined
  /** Holds EncapOverheadEndpointPolicySetting. */
  Settings?: unknown
}

/** Ip config. */
export interface IpConfig {
  IpAddress?: string | undefined
  /** uint8. */
  PrefixLength?: number | undefined
}

/** Dns. */
export interface Dns {
  Domain?: string | undefined
  Search?: string[] | undefined
  ServerList?: string[] | undefined
  Options?: string[] | undefined
}

/** Route. */
export interface Route {
  NextHop?: string | undefined
  DestinationPrefix?: string | undefined
  /** uint16. */
  Metric?: number | undefined
}

/** Health. */
export interface Health {
  Data?: unknown
  /** Always on the wire. */
  Extra?: ExtraParams | undefined
}

/** Hcn version. */
export interface HcnVersion {
  /** int64; always on the wire. */
  Major?: Int64 | undefined
  /** int64; always on the wire. */
  Minor?: Int64 | undefined
}

/** Namespace resource. */
export interface NamespaceResource {
  /** Always on the wire. */
  Type?: NamespaceResourceType | undefined
  /** Holds NamespaceResourceEndpoint or NamespaceResourceContainer; always on the wire, null when unset. */
  Data?: unknown | null
}

/** Extra params. */
export interface ExtraParams {
  Resources?: unknown
  SharedContainers?: unknown
  LayeredOn?: string | undefined
  SwitchGuid?: string | undefined
  UtilityVM?: string | undefined
  VirtualMachine?: string | undefined
}
