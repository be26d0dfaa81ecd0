// SCSI disks mounted at a path. A Windows guest has one controller.

import { foldedMember as member } from '../../../../../protocol/bridge/folding.js'
import { invalidJson, textOf, type Document } from '../../decode.js'
import { GUEST, GuestFault } from '../../fault.js'
import type { GuestKernel } from '../../kernel.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'
import { windowsPath } from '../paths.js'

/** How long the guest waits for a disk to appear, milliseconds. */
const DISK_WAIT_MS = 5_000

function lunOf(settings: Document): number {
  const lun = Number(member(settings, 'Lun') ?? 0)
  if (lun < 0) throw invalidJson('Lun is negative')
  return lun
}

async function mount(kernel: GuestKernel, settings: Document, filesystem: string): Promise<void> {
  const lun = lunOf(settings)
  const target = textOf(settings, 'ContainerPath')
  const key = windowsPath('c:', target)
  const disk = await kernel.waitForHardware(() => kernel.disk(0, lun), DISK_WAIT_MS)
  if (disk === undefined) throw new GuestFault(GUEST.notFound, `there is no disk at LUN ${lun}`)
  if (target === '' || kernel.mounts.has(key)) throw new GuestFault(GUEST.failed, `the path "${target}" cannot be used`)
  kernel.mounts.set(key, {
    source: `\\\\.\\PHYSICALDRIVE${lun}`,
    target,
    filesystem,
    readOnly: disk.readOnly,
    backing: { kind: 'disk', controller: 0, lun, partition: 0 },
  })
}

export const wcowMappedVirtualDisk: ResourceBehaviour = {
  async apply(kernel, request, settings) {
    if (request === 'Add') return mount(kernel, settings, 'NTFS')
    const target = textOf(settings, 'ContainerPath')
    if (!kernel.mounts.delete(windowsPath('c:', target)))
      throw new GuestFault(GUEST.notFound, `${target} is not mounted`)
  },
}

/** Formatted first, whatever was on it. */
export const wcowScratchDisk: ResourceBehaviour = {
  async apply(kernel, _request, settings) {
    await mount(kernel, settings, 'ReFS')
    kernel.volumes.clear(`disk ${lunOf(settings)}`)
  },
}
