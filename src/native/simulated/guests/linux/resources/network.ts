// Network adapters: registered in a namespace, and configured once the device is there. A container with that namespace has them.

import { flagOf, integerOf, objectsOf, textOf, type Document } from '../../decode.js'
import { GUEST, GuestFault } from '../../fault.js'
import { adapterKey, findAdapter } from '../../adapters.js'
import { DEFAULT_MTU, type Interface } from '../../kernel.js'
import { networkNamespaces } from '../runtime.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

/** How long the guest waits for an adapter to appear, milliseconds. */
const ADAPTER_WAIT_MS = 5_000

export const lcowNetwork: ResourceBehaviour = {
  async apply(kernel, request, settings) {
    const wanted = readInterface(settings)
    const adapter = adapterKey(wanted.adapterId)
    // Each namespace has its own list, which knows nothing of the others.
    const key = `${adapter} ${wanted.namespace}`
    if (request === 'Remove') {
      // An adapter or a namespace that is not known is as good as forgotten.
      kernel.interfaces.delete(key)
      return
    }
    networkNamespaces(kernel).add(wanted.namespace)
    if (kernel.interfaces.has(key) || kernel.configuring.has(key)) {
      throw new GuestFault(GUEST.failed, `adapter with id: '${wanted.adapterId}' already present in namespace`)
    }
    kernel.configuring.add(key)
    try {
      const found = await kernel.waitForHardware(
        () => findAdapter(kernel, adapter, flagOf(settings, 'VPCIAssigned')),
        ADAPTER_WAIT_MS,
      )
      if (found === undefined) throw new GuestFault(GUEST.failed, `adapter ${wanted.adapterId} did not appear`)
      kernel.say('debug', 'resolved ifname', { adapter: wanted.adapterId })
      kernel.interfaces.set(key, { ...wanted, macAddress: wanted.macAddress || (found.macAddress ?? '') })
    } finally {
      kernel.configuring.delete(key)
    }
  },
}

function readInterface(settings: Document): Interface {
  const split = (name: string): string[] => textOf(settings, name).split(',').filter(Boolean)
  return {
    adapterId: textOf(settings, 'ID'),
    namespace: textOf(settings, 'NamespaceID').toLowerCase(),
    macAddress: textOf(settings, 'MacAddress'),
    addresses: objectsOf(settings, 'IPConfigs').map(
      (ip) => `${textOf(ip, 'IPAddress')}/${integerOf(ip, 'PrefixLength')}`,
    ),
    routes: objectsOf(settings, 'Routes').map((route) => ({
      destination: textOf(route, 'DestinationPrefix'),
      nextHop: textOf(route, 'NextHop'),
    })),
    dnsServers: split('DNSServerList'),
    dnsSearch: split('DNSSuffix'),
    mtu: DEFAULT_MTU - Math.min(integerOf(settings, 'EncapOverhead'), DEFAULT_MTU - 68),
  }
}
