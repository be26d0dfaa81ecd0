// Requests that go to the guest as part of a modification.

import type { RPCType, RequestType, ResourceType } from './enums.js'

/** The envelope of a change that the guest carries out. */
export interface GuestRequestModificationRequest {
  RequestType?: RequestType | undefined
  ResourceType?: ResourceType | undefined
  Settings?: unknown
}

/** A network adapter change in a Windows guest. */
export interface NetworkModifyRequest {
  AdapterId?: string | undefined
  RequestType?: RequestType | undefined
  /** Holds HostComputeEndpoint. */
  Settings?: unknown
}

export interface RS4NetworkModifyRequest {
  AdapterInstanceId?: string | undefined
  RequestType?: RequestType | undefined
  /** Holds HostComputeEndpoint. */
  Settings?: unknown
}

export interface LogForwardServiceRPCRequest {
  RPCType?: RPCType | undefined
  Settings?: string | undefined
}
