// Guest resources of a Windows guest.

import { isRecord } from '../../../protocol/json.js'
import { integerOf, listOf, optionalObject, textOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel, Interface } from './kernel.js'
import type { GuestResource } from './modify-settings.js'

/** How long the guest waits for hardware to appear, milliseconds. */
const HARDWARE_WAIT_MS = 5_000
const I32_MAX = 0x7fff_ffff

const hvSocket: GuestResource = {
  requests: ['Update'],
  apply(kernel, _request, settings) {
    kernel.hvSocketAddress = { local: textOf(settings, 'LocalAddress'), parent: textOf(settings, 'ParentAddress') }
  },
}

function mappedDisk(filesystem: string): GuestResource['apply'] {
  return async (kernel, request, settings) => {
    const target = textOf(settings, 'ContainerPath')
    const lun = integerOf(settings, 'Lun', I32_MAX)
    const key = target.toLowerCase()
    if (request === 'Remove') {
      if (!kernel.mounts.delete(key)) throw new GuestFault(GUEST.notFound, `${target} is not mounted`)
      return
    }
    // Only the first controller exists for a Windows guest.
    const disk = await kernel.waitForHardware(() => kernel.disk(0, lun), HARDWARE_WAIT_MS)
    if (disk === undefined) throw new GuestFault(GUEST.notFound, `there is no disk at LUN ${lun}`)
    if (target === '' || kernel.mounts.has(key))
      throw new GuestFault(GUEST.failed, `the path "${target}" cannot be used`)
    kernel.mounts.set(key, {
      source: `\\\\.\\PHYSICALDRIVE${lun}`,
      target,
      filesystem,
      readOnly: disk.readOnly,
      controller: 0,
      lun,
    })
  }
}

const networkNamespace: GuestResource = {
  requests: ['Add', 'Remove'],
  apply(kernel, request, settings) {
    const id = textOf(settings, 'ID').toLowerCase()
    const compartment = integerOf(settings, 'NamespaceId')
    if (request === 'Add') {
      if (kernel.namespaces.has(id)) throw new GuestFault(GUEST.failed, `namespace ${id} exists already`)
      kernel.namespaces.set(id, compartment)
    } else if (!kernel.namespaces.delete(id)) throw new GuestFault(GUEST.notFound, `there is no namespace ${id}`)
  },
}

/** Endpoints announced before their adapter came, by adapter id. */
const announced = new WeakMap<GuestKernel, Map<string, Document>>()

const network: GuestResource = {
  requests: ['Add', 'Remove'],
  async apply(kernel, request, settings) {
    const adapterId = textOf(settings, 'AdapterId')
    const key = adapterId.toLowerCase()
    const endpoint = optionalObject(settings, 'Settings')
    const waiting = announced.get(kernel) ?? new Map<string, Document>()
    announced.set(kernel, waiting)
    const step = textOf(settings, 'RequestType') || request
    if (request === 'Remove' || step === 'Remove') {
      waiting.delete(key)
      if (!kernel.interfaces.delete(key)) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} is not configured`)
      return
    }
    if (step === 'PreAdd') {
      if (endpoint === undefined) throw new GuestFault(GUEST.invalidJson, 'PreAdd needs the endpoint')
      waiting.set(key, endpoint)
      return
    }
    const known = waiting.get(key)
    if (known === undefined) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} was not announced`)
    const present = await kernel.waitForHardware(
      () =>
        kernel.machine.adapters().find(({ id }) => id.toLowerCase().replace(/[{}]/g, '') === key.replace(/[{}]/g, '')),
      HARDWARE_WAIT_MS,
    )
    if (present === undefined) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} did not appear`)
    waiting.delete(key)
    kernel.interfaces.set(key, interfaceOf(adapterId, known))
  },
}

function interfaceOf(adapterId: string, endpoint: Document): Interface {
  const objects = (name: string): Document[] => listOf(endpoint, name).filter(isRecord)
  const dns = optionalObject(endpoint, 'Dns') ?? {}
  const texts = (name: string): string[] => listOf(dns, name).filter((item) => typeof item === 'string')
  return {
    adapterId,
    namespace: textOf(endpoint, 'HostComputeNamespace').toLowerCase(),
    macAddress: textOf(endpoint, 'MacAddress'),
    addresses: objects('IpConfigurations').map(
      (ip) => `${textOf(ip, 'IpAddress')}/${integerOf(ip, 'PrefixLength', 0xff)}`,
    ),
    routes: objects('Routes').map((route) => ({
      destination: textOf(route, 'DestinationPrefix'),
      nextHop: textOf(route, 'NextHop'),
    })),
    dnsServers: texts('ServerList'),
    dnsSearch: texts('Search'),
  }
}

/** By resource type; anything else is not supported. */
export const WINDOWS_RESOURCES: ReadonlyMap<string, GuestResource> = new Map([
  ['HvSocket', hvSocket],
  ['MappedVirtualDisk', { requests: ['Add', 'Remove'], apply: mappedDisk('NTFS') }],
  ['MappedVirtualDiskForContainerScratch', { requests: ['Add'], apply: mappedDisk('ReFS') }],
  ['NetworkNamespace', networkNamespace],
  ['Network', network],
])
