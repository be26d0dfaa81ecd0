// What tells one address family from another: how addresses are encoded, and which options a socket gets. All else is one code path.

import { InvalidConfigError } from '../../errors.js'
import {
  AF_HYPERV,
  AF_VSOCK,
  encodeSockaddrHv,
  encodeSockaddrVm,
  HV_PROTOCOL_RAW,
  HV_VM_ID,
  HVSOCKET_CONNECT_TIMEOUT,
  HVSOCKET_CONNECT_TIMEOUT_MAX,
  SO_VM_SOCKETS_CONNECT_TIMEOUT,
  VSOCK_CID,
  vsockPort,
} from '../../protocol/hvsocket.js'
import type { HvSocketEndpoint } from '../hvsocket.js'
import type { SocketOption } from './calls.js'
import type { SocketLibrary } from './errors.js'

/** A socket to be made, as plain data. */
export interface SocketRequest {
  readonly family: number
  readonly protocol: number
  readonly address: Uint8Array
  readonly options: readonly SocketOption[]
}

export interface Addressing {
  readonly library: SocketLibrary
  /** @throws {InvalidConfigError} the family has no such address */
  listener(address: HvSocketEndpoint): SocketRequest
  /** @param timeoutMs how long the connect may take, for families whose stack can be told */
  dialer(address: HvSocketEndpoint, timeoutMs: number): SocketRequest
  /** A listener is gone; its address is free. */
  released?(address: HvSocketEndpoint): void
}

/** Hyper-V sockets of Windows. */
export const HYPERV: Addressing = {
  library: 'winsock',
  listener: ({ runtimeId, serviceId }) => ({
    family: AF_HYPERV,
    protocol: HV_PROTOCOL_RAW,
    address: encodeSockaddrHv(runtimeId, serviceId),
    options: [],
  }),
  dialer(address, timeoutMs) {
    const ms = Math.max(1, Math.min(Math.ceil(timeoutMs), HVSOCKET_CONNECT_TIMEOUT_MAX))
    const value = new Uint8Array(Uint32Array.of(ms).buffer)
    return {
      ...HYPERV.listener(address),
      options: [{ level: HV_PROTOCOL_RAW, name: HVSOCKET_CONNECT_TIMEOUT, value }],
    }
  },
}

/** VM ids that AF_VSOCK knows as well. */
const CIDS: ReadonlyMap<string, number> = new Map([
  [HV_VM_ID.wildcard, VSOCK_CID.any],
  [HV_VM_ID.children, VSOCK_CID.any],
  [HV_VM_ID.loopback, VSOCK_CID.local],
  [HV_VM_ID.parent, VSOCK_CID.host],
])

/**
 * AF_VSOCK of Linux, inside a guest or on a host.
 *
 * @param cids CIDs of VMs by runtime id; the special VM ids that have a CID are known
 */
export function vsock(cids: ReadonlyMap<string, number> = new Map()): Addressing {
  const encode = ({ runtimeId, serviceId }: HvSocketEndpoint): Uint8Array => {
    const cid = cids.get(runtimeId) ?? CIDS.get(runtimeId)
    const port = vsockPort(serviceId)
    const op = 'transport'
    if (cid === undefined) {
      throw new InvalidConfigError({
        op,
        path: 'runtimeId',
        value: runtimeId,
        reason: 'AF_VSOCK knows no CID of this VM',
      })
    }
    if (port === undefined) {
      throw new InvalidConfigError({ op, path: 'serviceId', value: serviceId, reason: 'AF_VSOCK has ports only' })
    }
    return encodeSockaddrVm(cid, port)
  }
  return {
    library: 'libc',
    listener: (address) => ({ family: AF_VSOCK, protocol: 0, address: encode(address), options: [] }),
    dialer(address, timeoutMs) {
      const microseconds = Math.max(1, Math.ceil(timeoutMs * 1000))
      const timeval = BigInt64Array.of(BigInt(Math.floor(microseconds / 1e6)), BigInt(microseconds % 1e6))
      const value = new Uint8Array(timeval.buffer)
      return {
        family: AF_VSOCK,
        protocol: 0,
        address: encode(address),
        options: [{ level: AF_VSOCK, name: SO_VM_SOCKETS_CONNECT_TIMEOUT, value }],
      }
    },
  }
}
