// The UVM-level guest requests as data: which ResourceType and RequestType each method sends, for which guest, and what it needs.

import { InvalidConfigError } from '../../errors.js'
import { documentText } from '../arguments.js'
import type { GuestOS } from '../../protocol/guest-os.js'

interface GuestMethod {
  /** The guest it is meant for; absent: both. */
  readonly os?: GuestOS
  readonly resourceType: string
  readonly requestType: 'Add' | 'Remove' | 'Update'
  /** Schema type of the settings. */
  readonly settings: string
  /** Member of the guest-defined capabilities without which the guest does not know the request. */
  readonly needs?: string
}

const NETWORK = { needs: 'NamespaceAddRequestSupported' } as const
const LINUX_NETWORK = { os: 'linux', resourceType: 'Network', settings: 'LCOWNetworkAdapter', ...NETWORK } as const
const WINDOWS_NETWORK = {
  os: 'windows',
  resourceType: 'Network',
  settings: 'NetworkModifyRequest',
  ...NETWORK,
} as const
const NAMESPACE = {
  os: 'windows',
  resourceType: 'NetworkNamespace',
  settings: 'HostComputeNamespace',
  ...NETWORK,
} as const
const LINUX_DISK = { os: 'linux', resourceType: 'MappedVirtualDisk', settings: 'LCOWMappedVirtualDisk' } as const
const WINDOWS_DISK = { os: 'windows', resourceType: 'MappedVirtualDisk', settings: 'WCOWMappedVirtualDisk' } as const

/** By method name of the Guest. */
export const GUEST_METHODS = {
  addLCOWNetworkInterface: { ...LINUX_NETWORK, requestType: 'Add' },
  removeLCOWNetworkInterface: { ...LINUX_NETWORK, requestType: 'Remove' },
  addNetworkNamespace: { ...NAMESPACE, requestType: 'Add' },
  removeNetworkNamespace: { ...NAMESPACE, requestType: 'Remove' },
  addNetworkInterface: { ...WINDOWS_NETWORK, requestType: 'Add' },
  removeNetworkInterface: { ...WINDOWS_NETWORK, requestType: 'Remove' },
  addLCOWMappedVirtualDisk: { ...LINUX_DISK, requestType: 'Add' },
  removeLCOWMappedVirtualDisk: { ...LINUX_DISK, requestType: 'Remove' },
  addWCOWMappedVirtualDisk: { ...WINDOWS_DISK, requestType: 'Add' },
  addWCOWMappedVirtualDiskForContainerScratch: {
    ...WINDOWS_DISK,
    resourceType: 'MappedVirtualDiskForContainerScratch',
    requestType: 'Add',
  },
  removeWCOWMappedVirtualDisk: { ...WINDOWS_DISK, requestType: 'Remove' },
  removeSCSIDevice: { resourceType: 'SCSIDevice', requestType: 'Remove', settings: 'SCSIDevice' },
} as const satisfies Record<string, GuestMethod>

export type GuestMethodName = keyof typeof GUEST_METHODS

/** One row of the table, widened. */
export function guestMethod(name: GuestMethodName): GuestMethod {
  return GUEST_METHODS[name]
}

/**
 * The Request value of a ModifySettings message, as JSON text with its members in schema order.
 *
 * @throws {InvalidConfigError} settings that are no object or cannot be serialised
 */
export function guestRequest(name: GuestMethodName, vmId: string, settings: unknown): string {
  return envelope(name, documentText({ op: `guest.${name}`, id: vmId }, guestMethod(name).settings, settings))
}

/**
 * The Request value of a Windows adapter change: the endpoint is a document of its own type inside an untyped member.
 *
 * @throws {InvalidConfigError} an empty adapter id, an unknown request type, an endpoint that is no object
 */
export function adapterRequest(
  name: GuestMethodName,
  vmId: string,
  adapterId: unknown,
  requestType: unknown,
  endpoint: unknown,
): string {
  const op = `guest.${name}`
  if (typeof adapterId !== 'string' || adapterId === '') {
    throw new InvalidConfigError({
      op,
      id: vmId,
      path: 'adapterId',
      value: adapterId,
      reason: 'expected a non-empty string',
    })
  }
  if (typeof requestType !== 'string' || !ADAPTER_STEPS.has(requestType)) {
    throw new InvalidConfigError({
      op,
      id: vmId,
      path: 'requestType',
      value: requestType,
      reason: 'expected PreAdd, Add or Remove',
    })
  }
  const head = `"AdapterId":${JSON.stringify(adapterId)},"RequestType":"${requestType}"`
  const tail =
    endpoint === undefined ? '' : `,"Settings":${documentText({ op, id: vmId }, 'HostComputeEndpoint', endpoint)}`
  return envelope(name, `{${head}${tail}}`)
}

const ADAPTER_STEPS: ReadonlySet<string> = new Set(['PreAdd', 'Add', 'Remove', 'Update'])

function envelope(name: GuestMethodName, settings: string): string {
  const { requestType, resourceType } = guestMethod(name)
  return `{"RequestType":"${requestType}","ResourceType":"${resourceType}","Settings":${settings}}`
}
