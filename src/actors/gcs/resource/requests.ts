// The UVM-level guest requests as data: which ResourceType and RequestType each method sends, for which guest, and what it needs.

import { InvalidConfigError } from '../../../errors.js'
import type { GuestOS } from '../../../protocol/guest-os.js'
import { isRecord } from '../../../protocol/json.js'
import { documentText } from '../../arguments.js'

interface GuestMethod {
  /** The guest it is meant for; absent: both. */
  readonly os?: GuestOS
  readonly resourceType: string
  readonly requestType: 'Add' | 'Remove' | 'Update'
  /** Schema type of the settings; absent: the request has none. */
  readonly settings?: string
  /** Member of the guest-defined capabilities without which the guest does not know the request. */
  readonly needs?: string
}

const NEEDS_NAMESPACES = { needs: 'NamespaceAddRequestSupported' } as const
const LCOW_NETWORK = {
  os: 'linux',
  resourceType: 'Network',
  settings: 'LCOWNetworkAdapter',
  ...NEEDS_NAMESPACES,
} as const
const WCOW_NETWORK = {
  os: 'windows',
  resourceType: 'Network',
  settings: 'NetworkModifyRequest',
  ...NEEDS_NAMESPACES,
} as const
const NAMESPACE = {
  os: 'windows',
  resourceType: 'NetworkNamespace',
  settings: 'HostComputeNamespace',
  ...NEEDS_NAMESPACES,
} as const
const LCOW_DIRECTORY = { os: 'linux', resourceType: 'MappedDirectory', settings: 'LCOWMappedDirectory' } as const
const LCOW_DISK = { os: 'linux', resourceType: 'MappedVirtualDisk', settings: 'LCOWMappedVirtualDisk' } as const
const WCOW_DISK = { os: 'windows', resourceType: 'MappedVirtualDisk', settings: 'WCOWMappedVirtualDisk' } as const
const WCOW_SCRATCH_DISK = { ...WCOW_DISK, resourceType: 'MappedVirtualDiskForContainerScratch' } as const
const LCOW_LAYERS = { os: 'linux', resourceType: 'CombinedLayers', settings: 'LCOWCombinedLayers' } as const
const WCOW_LAYERS = { os: 'windows', resourceType: 'CombinedLayers', settings: 'WCOWCombinedLayers' } as const
const CWCOW_LAYERS = { os: 'windows', resourceType: 'CWCOWCombinedLayers', settings: 'CWCOWCombinedLayers' } as const
const BLOCK_CIMS = { os: 'windows', resourceType: 'WCOWBlockCims', settings: 'CWCOWBlockCIMMounts' } as const
const VPCI = { os: 'linux', resourceType: 'VPCIDevice', settings: 'LCOWMappedVPCIDevice' } as const
const VPMEM = { os: 'linux', resourceType: 'VPMemDevice', settings: 'LCOWMappedVPMemDevice' } as const
const HV_SOCKET = { os: 'windows', resourceType: 'HvSocket', settings: 'HvSocketAddress' } as const

/** By method name of the Guest. */
export const GUEST_METHODS = {
  addLCOWNetworkInterface: { ...LCOW_NETWORK, requestType: 'Add' },
  removeLCOWNetworkInterface: { ...LCOW_NETWORK, requestType: 'Remove' },
  addNetworkNamespace: { ...NAMESPACE, requestType: 'Add' },
  removeNetworkNamespace: { ...NAMESPACE, requestType: 'Remove' },
  addNetworkInterface: { ...WCOW_NETWORK, requestType: 'Add' },
  removeNetworkInterface: { ...WCOW_NETWORK, requestType: 'Remove' },
  addLCOWMappedDirectory: { ...LCOW_DIRECTORY, requestType: 'Add' },
  removeLCOWMappedDirectory: { ...LCOW_DIRECTORY, requestType: 'Remove' },
  addMappedDirectory: {
    os: 'windows',
    resourceType: 'MappedDirectory',
    settings: 'MappedDirectory',
    requestType: 'Add',
  },
  addLCOWMappedVirtualDisk: { ...LCOW_DISK, requestType: 'Add' },
  removeLCOWMappedVirtualDisk: { ...LCOW_DISK, requestType: 'Remove' },
  addWCOWMappedVirtualDisk: { ...WCOW_DISK, requestType: 'Add' },
  addWCOWMappedVirtualDiskForContainerScratch: { ...WCOW_SCRATCH_DISK, requestType: 'Add' },
  removeWCOWMappedVirtualDisk: { ...WCOW_DISK, requestType: 'Remove' },
  removeSCSIDevice: { resourceType: 'SCSIDevice', requestType: 'Remove', settings: 'SCSIDevice' },
  addLCOWCombinedLayers: { ...LCOW_LAYERS, requestType: 'Add' },
  removeLCOWCombinedLayers: { ...LCOW_LAYERS, requestType: 'Remove' },
  addWCOWCombinedLayers: { ...WCOW_LAYERS, requestType: 'Add' },
  removeWCOWCombinedLayers: { ...WCOW_LAYERS, requestType: 'Remove' },
  addCWCOWCombinedLayers: { ...CWCOW_LAYERS, requestType: 'Add' },
  removeCWCOWCombinedLayers: { ...CWCOW_LAYERS, requestType: 'Remove' },
  addWCOWBlockCIMs: { ...BLOCK_CIMS, requestType: 'Add' },
  removeWCOWBlockCIMs: { ...BLOCK_CIMS, requestType: 'Remove' },
  addVPCIDevice: { ...VPCI, requestType: 'Add' },
  addVPMemDevice: { ...VPMEM, requestType: 'Add' },
  removeVPMemDevice: { ...VPMEM, requestType: 'Remove' },
  addSecurityPolicy: { resourceType: 'SecurityPolicy', settings: 'ConfidentialOptions', requestType: 'Add' },
  injectPolicyFragment: {
    resourceType: 'SecurityPolicyFragment',
    settings: 'SecurityPolicyFragment',
    requestType: 'Add',
  },
  updateHvSocketAddress: { ...HV_SOCKET, requestType: 'Update' },
  updateCgroupMemoryLimits: { os: 'linux', resourceType: 'PodCgroupMemoryLimit', requestType: 'Update' },
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
  const type = guestMethod(name).settings
  if (type === undefined) return envelope(name)
  return envelope(name, documentText({ op: `guest.${name}`, id: vmId }, type, withoutDefaultFilter(type, settings)))
}

/**
 * In-box Windows guests older than schema 2.9 refuse a document with a member they do not know, and FilterType is such a one: the
 * default is said by leaving it out.
 */
function withoutDefaultFilter(type: string, settings: unknown): unknown {
  if (!isRecord(settings)) return settings
  if (type === 'CWCOWCombinedLayers' && isRecord(settings['CombinedLayers'])) {
    return { ...settings, CombinedLayers: withoutDefaultFilter('WCOWCombinedLayers', settings['CombinedLayers']) }
  }
  if (type !== 'WCOWCombinedLayers' || settings['FilterType'] !== 'WCIFS') return settings
  const { FilterType: _, ...rest } = settings
  return rest
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
  const subject = { op: `guest.${name}`, id: vmId }
  if (typeof adapterId !== 'string' || adapterId === '') {
    const reason = 'expected a non-empty string'
    throw new InvalidConfigError({ ...subject, path: 'adapterId', value: adapterId, reason })
  }
  if (typeof requestType !== 'string' || !ADAPTER_STEPS.has(requestType)) {
    const reason = 'expected PreAdd, Add or Remove'
    throw new InvalidConfigError({ ...subject, path: 'requestType', value: requestType, reason })
  }
  const head = `"AdapterId":${JSON.stringify(adapterId)},"RequestType":"${requestType}"`
  const tail = endpoint === undefined ? '' : `,"Settings":${documentText(subject, 'HostComputeEndpoint', endpoint)}`
  return envelope(name, `{${head}${tail}}`)
}

const ADAPTER_STEPS: ReadonlySet<string> = new Set(['PreAdd', 'Add', 'Remove', 'Update'])

function envelope(name: GuestMethodName, settings?: string): string {
  const { requestType, resourceType } = guestMethod(name)
  const tail = settings === undefined ? '' : `,"Settings":${settings}`
  return `{"RequestType":"${requestType}","ResourceType":"${resourceType}"${tail}}`
}
