// Network namespaces, and adapters in two steps: PreAdd announces the endpoint, Add takes the adapter once it is there.

import { foldedMember as member } from '../../../../../protocol/bridge/folding.js'
import { isRecord } from '../../../../../protocol/json.js'
import { adapterKey, findAdapter } from '../../adapters.js'
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
import { slot } from '../../memory.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

/** How long the guest waits for an adapter to appear, milliseconds. */
const ADAPTER_WAIT_MS = 5_000

const NAMESPACES = slot('namespaces', () => new Map<string, number>())
/** Endpoints announced before their adapter came, by adapter id. */
const ANNOUNCED = slot('announced', () => new Map<string, Interface>())

export const networkNamespace: ResourceBehaviour = {
  isLenient: true,
  apply(kernel, request, settings) {
    const id = textOf(settings, 'ID').toLowerCase()
    const namespaces = kernel.recall(NAMESPACES)
    if (request === 'Add') {
      if (namespaces.has(id)) throw new GuestFault(GUEST.failed, `namespace ${id} exists already`)
      namespaces.set(id, integerOf(settings, 'NamespaceId'))
    } else if (!namespaces.delete(id)) throw new GuestFault(GUEST.notFound, `there is no namespace ${id}`)
  },
}

export const wcowNetwork: ResourceBehaviour = {
  isLenient: true,
  async apply(kernel, request, settings) {
    const adapterId = textOf(settings, 'AdapterId')
    const key = adapterKey(adapterId)
    const announced = kernel.recall(ANNOUNCED)
    const step = textOf(settings, 'RequestType') || request
    if (request === 'Remove' || step === 'Remove') {
      announced.delete(key)
      if (!kernel.interfaces.delete(key)) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} is not configured`)
      return
    }
    if (step === 'PreAdd') {
      const endpoint = member(settings, 'Settings')
      if (!isRecord(endpoint)) throw invalidJson('PreAdd needs the endpoint')
      announced.set(key, interfaceOf(adapterId, decodeAs('HostComputeEndpoint', endpoint, 'Settings')))
      return
    }
    const known = announced.get(key)
    if (known === undefined) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} was not announced`)
    const present = await kernel.waitForHardware(() => findAdapter(kernel, key), ADAPTER_WAIT_MS)
    if (present === undefined) throw new GuestFault(GUEST.notFound, `adapter ${adapterId} did not appear`)
    announced.delete(key)
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
