// Network adapters: what an EndpointId means by the supervisor's table, and how QEMU is told of an adapter. The guest's init learns which
// interface an adapter is from the name of a port that is plugged in before it.

import { createHash } from 'node:crypto'
import { HRESULT } from '../../protocol/hresult.js'
import { findKey } from '../../protocol/guid.js'
import type { NetworkAdapter } from '../../protocol/schema/index.js'
import { refusal } from '../simulated/failure.js'
import type { QemuNetwork } from './options.js'

export interface NicPlan {
  /** Its key in the document. */
  readonly key: string
  /** Lower case, with colons. */
  readonly mac: string
  /** Its place on the bus, 0..7: the same as long as it is there. */
  readonly slot: number
  /** Undefined: the adapter is plugged in nowhere. */
  readonly network: QemuNetwork | undefined
}

const MAC = /^[0-9a-f]{2}([-:][0-9a-f]{2}){5}$/i

/** @param at its place in the document or the request @throws {HcsFailure} naming the place */
export function planNic(
  key: string,
  { EndpointId: endpoint, MacAddress: given }: NetworkAdapter,
  place: { runtimeId: string; slot: number; at: string; networks: Readonly<Record<string, QemuNetwork>> },
): NicPlan {
  const { runtimeId, slot, at, networks } = place
  if (given && !MAC.test(given)) throw refusal(HRESULT.E_INVALIDARG, `${at}.MacAddress: ${given} is no MAC address`)
  const mac = given ? given.replaceAll('-', ':').toLowerCase() : macOf(runtimeId, key)
  if (!endpoint) return { key, mac, slot, network: undefined }
  const name = findKey(Object.keys(networks), endpoint)
  const network = name === undefined ? undefined : networks[name]
  if (network === undefined) {
    throw refusal(HRESULT.ERROR_NOT_FOUND, `${at}.EndpointId: the option networks has no ${endpoint}`)
  }
  return { key, mac, slot, network }
}

/** Of an adapter that has none: the same for the same VM and key, and of nobody's else. Locally administered. */
function macOf(runtimeId: string, key: string): string {
  const digest = createHash('sha1').update(`${runtimeId} ${key.toLowerCase()}`).digest()
  return [0x02, ...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** Ids of QEMU begin with a letter and have few characters; a key is any name. */
export function nicId(key: string): string {
  return `nic-${createHash('sha1').update(key.toLowerCase()).digest('hex').slice(0, 16)}`
}

/** Of netdev_add; undefined for an adapter that is plugged in nowhere. */
export function netdevOf({ key, network }: NicPlan): Record<string, unknown> | undefined {
  const id = nicId(key)
  switch (network?.type) {
    case undefined:
      return undefined
    case 'user':
      return {
        type: 'user',
        id,
        restrict: network.restrict !== false,
        ...(network.forwards === undefined
          ? {}
          : { hostfwd: network.forwards.map((one) => ({ str: `tcp:127.0.0.1:${one.hostPort}-:${one.guestPort}` })) }),
      }
    case 'tap':
      return { type: 'tap', id, ifname: network.name, script: 'no', downscript: 'no' }
    case 'socket':
      return { type: 'stream', id, server: false, addr: { type: 'unix', path: network.path } }
  }
}

/** Of device_add. */
export function nicDeviceOf({ key, mac, slot, network }: NicPlan): Record<string, unknown> {
  const id = nicId(key)
  return {
    driver: 'virtio-net-pci',
    id: `${id}-dev`,
    mac,
    addr: `0x${(FIRST_NIC_SLOT + slot).toString(16)}`,
    ...(network === undefined ? {} : { netdev: id }),
  }
}

/** What tells the guest's init which adapter the interface with a MAC is; bus `SERIAL_BUS`. */
export function nicPortOf({ key, mac, slot }: NicPlan): Record<string, unknown> {
  return {
    driver: 'virtserialport',
    id: `${nicId(key)}-port`,
    bus: SERIAL_BUS,
    nr: slot + 1,
    name: `nic ${key.toLowerCase()} ${mac}`,
  }
}

export const SERIAL_BUS = 'serial0.0'
/** On the PCI bus. */
export const FIRST_NIC_SLOT = 16
