// Hyper-V socket addresses: service ids, vsock ports, the 36 bytes of SOCKADDR_HV (public Windows headers), and Linux' sockaddr_vm.

import { guidFromWindowsBytes, guidToWindowsBytes, parseGuid } from './guid.js'

export const AF_HYPERV = 34
export const HV_PROTOCOL_RAW = 1
/** Option of level HV_PROTOCOL_RAW: how long a connect waits, u32 milliseconds, at most HVSOCKET_CONNECT_TIMEOUT_MAX. */
export const HVSOCKET_CONNECT_TIMEOUT = 1
export const HVSOCKET_CONNECT_TIMEOUT_MAX = 300_000
export const SOCKADDR_HV_BYTES = 36

/** VM ids with a meaning of their own. */
export const HV_VM_ID = {
  wildcard: '00000000-0000-0000-0000-000000000000',
  broadcast: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  children: '90db8b89-0d35-4f79-8ce9-49ea0ac8b7cd',
  loopback: 'e0e16197-dd56-4a10-9195-5ee7a155a838',
  parent: 'a42e7cda-d03f-480c-9cc2-a4de20abb878',
  siloHost: '36bd0c5c-7276-4223-88ba-7d03b654c568',
} as const

/** Services of a guest, by vsock port (Linux) or GUID (Windows). */
export const LCOW_ENTROPY_PORT = 1
export const LCOW_LOG_PORT = 109
export const LCOW_BRIDGE_PORT = 0x4000_0000
/** Process stdio uses this port and those after it, one a stream. */
export const FIRST_STDIO_PORT = 0x4000_0001
export const WCOW_BRIDGE_SERVICE = 'acef5661-84a1-4e44-856b-6245e69f4620'
/** The bridge of a confidential Windows guest: its sidecar dials, and speaks for the agent behind it. */
export const WCOW_SIDECAR_SERVICE = 'ae8da506-a019-4553-a52b-902bc0fa0411'
export const WCOW_LOG_SERVICE = '172dad59-976d-45f2-8b6c-6d1b13f2ac4d'
/** What a Windows guest is told to call its host. */
export const WCOW_PARENT_ADDRESS = '894cc2d6-9d79-424f-93fe-42969ae6d8d1'

const VSOCK_TEMPLATE = '-facb-11e6-bd58-64006a7986d3'

/** The service id of a vsock port, 0..0xFFFFFFFF. @throws {RangeError} no such port */
export function vsockServiceId(port: number): string {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff_ffff) throw new RangeError(`not a vsock port: ${port}`)
  return port.toString(16).padStart(8, '0') + VSOCK_TEMPLATE
}

/** The vsock port that a service id stands for; undefined when it is not of the template. */
export function vsockPort(serviceId: string): number | undefined {
  const guid = parseGuid(serviceId)
  return guid?.endsWith(VSOCK_TEMPLATE) === true ? Number.parseInt(guid.slice(0, 8), 16) : undefined
}

/** SOCKADDR_HV: family u16, reserved u16, VM id, service id. @throws {RangeError} not GUIDs */
export function encodeSockaddrHv(vmId: string, serviceId: string): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_HV_BYTES)
  bytes[0] = AF_HYPERV
  bytes.set(guidToWindowsBytes(vmId), 4)
  bytes.set(guidToWindowsBytes(serviceId), 20)
  return bytes
}

/** @throws {RangeError} another length or family */
export function decodeSockaddrHv(bytes: Uint8Array): { vmId: string; serviceId: string } {
  if (bytes.byteLength !== SOCKADDR_HV_BYTES || bytes[0] !== AF_HYPERV || bytes[1] !== 0) {
    throw new RangeError('not a SOCKADDR_HV')
  }
  return {
    vmId: guidFromWindowsBytes(bytes.subarray(4, 20)),
    serviceId: guidFromWindowsBytes(bytes.subarray(20, 36)),
  }
}

/** AF_VSOCK of Linux: the same sockets as a Linux guest sees them. */
export const AF_VSOCK = 40
export const SOCKADDR_VM_BYTES = 16
export const VSOCK_CID = { hypervisor: 0, local: 1, host: 2, any: 0xffff_ffff } as const
/** Option of level AF_VSOCK: how long a connect waits, a struct timeval. */
export const SO_VM_SOCKETS_CONNECT_TIMEOUT = 6

/** sockaddr_vm: family u16, reserved u16, port u32, CID u32, 4 zero bytes; little-endian, as every host of Hyper-V guests is. */
export function encodeSockaddrVm(cid: number, port: number): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_VM_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_VSOCK, true)
  view.setUint32(4, port, true)
  view.setUint32(8, cid, true)
  return bytes
}
