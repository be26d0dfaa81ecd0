// Guest resources of a Linux guest.

import { isRecord } from '../../../protocol/json.js'
import { flagOf, integerOf, listOf, textOf, textsOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { Interface } from './kernel.js'
import type { GuestResource } from './modify-settings.js'

/** How long the guest waits for an adapter to appear, milliseconds. */
const ADAPTER_WAIT_MS = 5_000
const U8 = 0xff
const MAX_CONTROLLER = 3

const mappedVirtualDisk: GuestResource = {
  requests: ['Add', 'Remove'],
  async apply(kernel, request, settings) {
    const disk = {
      mountPath: textOf(settings, 'MountPath'),
      lun: integerOf(settings, 'Lun', U8),
      controller: integerOf(settings, 'Controller', U8),
      partition: integerOf(settings, 'Partition', Number.MAX_SAFE_INTEGER),
      readOnly: flagOf(settings, 'ReadOnly'),
      blockDevice: flagOf(settings, 'BlockDev'),
      filesystem: textOf(settings, 'Filesystem') || 'ext4',
    }
    textsOf(settings, 'Options')
    flagOf(settings, 'Encrypted')
    if (disk.controller > MAX_CONTROLLER)
      throw new GuestFault(GUEST.failed, `there is no SCSI controller ${disk.controller}`)
    // Without a deadline, for Remove too: as the real guest does.
    const device = await kernel.waitForHardware(() => kernel.disk(disk.controller, disk.lun))
    if (device === undefined || disk.mountPath === '') return
    if (request === 'Remove') {
      if (!kernel.mounts.delete(disk.mountPath)) throw new GuestFault(GUEST.failed, `${disk.mountPath} is not mounted`)
      return
    }
    if (kernel.mounts.has(disk.mountPath)) throw new GuestFault(GUEST.failed, `${disk.mountPath} is in use`)
    if (device.readOnly && !disk.readOnly) throw new GuestFault(GUEST.failed, `/dev/${device.name} is read-only`)
    kernel.mounts.set(disk.mountPath, {
      source: `/dev/${device.name}${disk.partition === 0 ? '' : disk.partition}`,
      target: disk.mountPath,
      filesystem: disk.blockDevice ? 'devtmpfs' : disk.filesystem,
      readOnly: disk.readOnly,
      controller: disk.controller,
      lun: disk.lun,
    })
  },
}

const scsiDevice: GuestResource = {
  requests: ['Remove'],
  apply(kernel, _request, settings) {
    const controller = integerOf(settings, 'Controller', U8)
    const lun = integerOf(settings, 'Lun', U8)
    if (controller > MAX_CONTROLLER) throw new GuestFault(GUEST.failed, `there is no SCSI controller ${controller}`)
    const mounted = [...kernel.mounts.values()].find((mount) => mount.controller === controller && mount.lun === lun)
    if (mounted !== undefined) throw new GuestFault(GUEST.failed, `${mounted.source} is mounted on ${mounted.target}`)
    // An absent device is as good as an unplugged one.
  },
}

const network: GuestResource = {
  requests: ['Add', 'Remove'],
  async apply(kernel, request, settings) {
    const wanted = readInterface(settings)
    const key = wanted.adapterId.toLowerCase()
    if (request === 'Remove') {
      kernel.interfaces.delete(key)
      return
    }
    if (kernel.interfaces.has(key))
      throw new GuestFault(GUEST.failed, `adapter ${wanted.adapterId} is configured already`)
    const adapter = await kernel.waitForHardware(
      () => kernel.machine.adapters().find(({ id }) => bare(id) === bare(key)),
      ADAPTER_WAIT_MS,
    )
    if (adapter === undefined) throw new GuestFault(GUEST.failed, `adapter ${wanted.adapterId} did not appear`)
    kernel.interfaces.set(key, { ...wanted, macAddress: wanted.macAddress || (adapter.macAddress ?? '') })
  },
}

function bare(id: string): string {
  return id.toLowerCase().replace(/[{}]/g, '')
}

function readInterface(settings: Document): Interface {
  const objects = (name: string): Document[] => {
    const list = listOf(settings, name)
    if (!list.every(isRecord)) throw new GuestFault(GUEST.invalidJson, `cannot decode ${name}`)
    return list
  }
  const split = (name: string): string[] => textOf(settings, name).split(',').filter(Boolean)
  return {
    adapterId: textOf(settings, 'ID'),
    namespace: textOf(settings, 'NamespaceID').toLowerCase(),
    macAddress: textOf(settings, 'MacAddress'),
    addresses: objects('IPConfigs').map((ip) => `${textOf(ip, 'IPAddress')}/${integerOf(ip, 'PrefixLength', U8)}`),
    routes: objects('Routes').map((route) => ({
      destination: textOf(route, 'DestinationPrefix'),
      nextHop: textOf(route, 'NextHop'),
    })),
    dnsServers: split('DNSServerList'),
    dnsSearch: split('DNSSuffix'),
  }
}

/** By resource type; anything else is not supported. */
export const LINUX_RESOURCES: ReadonlyMap<string, GuestResource> = new Map([
  ['MappedVirtualDisk', mappedVirtualDisk],
  ['SCSIDevice', scsiDevice],
  ['Network', network],
])
