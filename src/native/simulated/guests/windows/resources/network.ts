// Network namespaces, and adapters in two steps: PreAdd announces the endpoint, Add takes the adapter once it is there.

import { isRecord, member } from '../../../../../protocol/json.js'
import { bareGuid, findAdapter } from '../../adapters.js'
import {
  decodeAs,
  integerOf,
  invalidJson,
  objectsOf,
  optionalObject,
  textOf,
  textsOf,
  type Document,
} from '../../decode.js'
import { GUEST, GuestFault } from '../../fault.js'
import { DEFAULT_MTU, type Interface } from '../../kernel.js'
import type { GuestResource } from '../../resource.js'

/** How long the guest waits for an adapter to appear, milliseconds. */
const ADAPTER_WAIT_MS = 5_000

export const networkNamespace: GuestResource = {
  settings: 'HostComputeNamespace',
  requests: ['Add', 'Remove'],
  apply(kernel, request, settings) {
    const id = textOf(settings, 'ID').toLowerCase()
    if (request === 'Add') {
      if (kernel.namespaces.has(id)) throw new GuestFault(GUEST.failed, `namespace ${id} exists already`)
      kernel.namespaces.set(id, integerOf(settings, 'NamespaceId'))
    } else if (!kernel.namespaces.delete(id)) throw new GuestFault(GUEST.notFound, `there is no namespace ${id}`)
  },
}

export const network: GuestResource = {
  settings: 'NetworkModifyRequest',
  requests: ['Add', 'Remove'],
  async apply(kernel, request, settings) {
    const adapterId = textOf(settings, 'AdapterId')
    const key = bareGuid(adapterId)
    const step = textOf(settings, 'RequestType') || request
    if (request === 'Remove' || step === 'Remove') {
      kernel.announced.delete(key)
      if (!kernel.interfaces.delete(key)) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} is not configured`)
      return
    }
    if (step === 'PreAdd') {
      const endpoint = member(settings, 'Settings')
      if (!isRecord(endpoint)) throw invalidJson('PreAdd needs the endpoint')
      kernel.announced.set(key, interfaceOf(adapterId, decodeAs('HostComputeEndpoint', endpoint, 'Settings')))
      return
    }
    const known = kernel.announced.get(key)
    if (known === undefined) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} was not announced`)
    const present = await kernel.waitForHardware(() => findAdapter(kernel, key), ADAPTER_WAIT_MS)
    if (present === undefined) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} did not appear`)
    kernel.announced.delete(key)
    kernel.interfaces.set(key, known)
  },
}

function interfaceOf(adapterId: string, endpoint: Document): Interface {
  const dns = optionalObject(endpoint, 'Dns') ?? {}
  return {
    adapterId,
    namespace: textOf(endpoint, 'HostComputeNamespace').toLowerCase(),
    macAddress: textOf(endpoint, 'MacAddress'),
    addresses: objectsOf(endpoint, 'IpConfigurations').map(
      (ip) => `${textOf(ip, 'IpAddress')}/${integerOf(ip, 'PrefixLength')}`,
    ),
    routes: objectsOf(endpoint, 'Routes').map((route) => ({
      destination: textOf(route, 'DestinationPrefix'),
      nextHop: textOf(route, 'NextHop'),
    })),
    dnsServers: textsOf(dns, 'ServerList'),
    dnsSearch: textsOf(dns, 'Search'),
    mtu: DEFAULT_MTU,
  }
}
