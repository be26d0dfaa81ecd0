// Documents of the host network service that a Windows guest is given.

import type { EndpointFlags, EndpointPolicyType, NamespaceResourceType, NamespaceType } from './enums.js'
import type { Always, AlwaysOrNull, Int64, UInt16, UInt32, UInt8 } from './primitives.js'

/** A network endpoint. */
export interface HostComputeEndpoint {
  ID?: string | undefined
  Name?: string | undefined
  HostComputeNetwork?: string | undefined
  HostComputeNamespace?: string | undefined
  Policies?: EndpointPolicy[] | undefined
  IpConfigurations?: IpConfig[] | undefined
  Dns?: Always<Dns>
  Routes?: Route[] | undefined
  MacAddress?: string | undefined
  Flags?: EndpointFlags | undefined
  Health?: Always<Health>
  SchemaVersion?: Always<HcnVersion>
}

/** A network namespace. */
export interface HostComputeNamespace {
  ID?: string | undefined
  NamespaceId?: UInt32 | undefined
  Type?: NamespaceType | undefined
  Resources?: NamespaceResource[] | undefined
  SchemaVersion?: Always<HcnVersion>
}

export interface EncapOverheadEndpointPolicySetting {
  Overhead?: UInt16 | undefined
}

export interface NamespaceResourceEndpoint {
  ID?: Always<string>
}

export interface NamespaceResourceContainer {
  ID?: Always<string>
}

export interface EndpointPolicy {
  Type?: Always<EndpointPolicyType>
  /** Holds EncapOverheadEndpointPolicySetting. */
  Settings?: unknown
}

export interface IpConfig {
  IpAddress?: string | undefined
  PrefixLength?: UInt8 | undefined
}

export interface Dns {
  Domain?: string | undefined
  Search?: string[] | undefined
  ServerList?: string[] | undefined
  Options?: string[] | undefined
}

export interface Route {
  NextHop?: string | undefined
  DestinationPrefix?: string | undefined
  Metric?: UInt16 | undefined
}

export interface Health {
  Data?: unknown
  Extra?: Always<ExtraParams>
}

export interface HcnVersion {
  Major?: Always<Int64>
  Minor?: Always<Int64>
}

export interface NamespaceResource {
  Type?: Always<NamespaceResourceType>
  /** Holds NamespaceResourceEndpoint or NamespaceResourceContainer. */
  Data?: AlwaysOrNull<unknown>
}

export interface ExtraParams {
  Resources?: unknown
  SharedContainers?: unknown
  LayeredOn?: string | undefined
  SwitchGuid?: string | undefined
  UtilityVM?: string | undefined
  VirtualMachine?: string | undefined
}
