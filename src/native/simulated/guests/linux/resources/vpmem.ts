// Persistent memory devices: read-only layers, each the whole device or a part of it behind a device mapper.

import { integerOf, optionalObject, textOf, type Document } from '../../decode.js'
import { foldedMember as member } from '../../../../../protocol/bridge/folding.js'
import { GUEST, GuestFault } from '../../fault.js'
import { mountAt, unmountAt } from '../mounting.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

export const lcowVpmemDevice: ResourceBehaviour = {
  apply(kernel, request, settings) {
    const device = integerOf(settings, 'DeviceNumber')
    const target = textOf(settings, 'MountPath')
    const part = partOf(settings)
    if (request === 'Remove') {
      unmountAt(kernel, target)
      return
    }
    const offset = part?.offset ?? 0
    const found = kernel.machine.pmem().find((one) => one.device === device)
    if (found === undefined) throw new GuestFault(GUEST.failed, `/dev/pmem${device}: no such file or directory`)
    if (!found.offsets.includes(offset)) {
      throw new GuestFault(GUEST.failed, `/dev/pmem${device} has no file system at offset ${offset}`)
    }
    mountAt(kernel, {
      source: part === undefined ? `/dev/pmem${device}` : `/dev/mapper/dm-linear-pmem${device}-${offset}-${part.size}`,
      target,
      filesystem: 'ext4',
      readOnly: true,
      backing: { kind: 'pmem', device, offset },
    })
  },
}

/** Bytes. */
function partOf(settings: Document): { offset: number; size: number } | undefined {
  const part = optionalObject(settings, 'MappingInfo')
  if (part === undefined) return undefined
  return {
    offset: Number(member(part, 'DeviceOffsetInBytes') ?? 0),
    size: Number(member(part, 'DeviceSizeInBytes') ?? 0),
  }
}
