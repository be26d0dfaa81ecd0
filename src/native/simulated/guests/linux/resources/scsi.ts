// SCSI disks: mounting one, and letting go of one before the host takes it away.

import { flagOf, integerOf, textOf, type Document } from '../../decode.js'
import { foldedMember as member } from '../../../../../protocol/bridge/folding.js'
import { GUEST, GuestFault } from '../../fault.js'
import type { GuestKernel } from '../../kernel.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

const MAX_CONTROLLER = 3
const DEFAULT_FILESYSTEM = 'ext4'
const FILESYSTEMS: ReadonlySet<string> = new Set(['ext4', 'xfs'])

/** Controller and LUN. @throws {GuestFault} the guest has four controllers */
function addressOf(settings: Document): { controller: number; lun: number } {
  const controller = integerOf(settings, 'Controller')
  if (controller > MAX_CONTROLLER) throw new GuestFault(GUEST.failed, `there is no SCSI controller ${controller}`)
  return { controller, lun: integerOf(settings, 'Lun') }
}

export const lcowMappedVirtualDisk: ResourceBehaviour = {
  async apply(kernel, request, settings) {
    const { controller, lun } = addressOf(settings)
    const target = textOf(settings, 'MountPath')
    // Without a deadline, for Remove too: as the real guest does.
    const device = await kernel.waitForHardware(() => kernel.disk(controller, lun))
    if (device === undefined || target === '') return
    if (request === 'Add') mount(kernel, settings, target, device)
    else if (!kernel.mounts.delete(target)) throw new GuestFault(GUEST.failed, `${target} is not mounted`)
  },
}

function mount(kernel: GuestKernel, settings: Document, target: string, device: Disk): void {
  const filesystem = textOf(settings, 'Filesystem') || DEFAULT_FILESYSTEM
  const readOnly = flagOf(settings, 'ReadOnly')
  const partition = Number(member(settings, 'Partition') ?? 0)
  const isLink = flagOf(settings, 'BlockDev')
  if (kernel.mounts.has(target)) throw new GuestFault(GUEST.failed, `${target} is in use`)
  if (device.readOnly && !readOnly) throw new GuestFault(GUEST.failed, `/dev/${device.name} is read-only`)
  if (flagOf(settings, 'EnsureFilesystem') && !FILESYSTEMS.has(filesystem)) {
    throw new GuestFault(GUEST.failed, `the file system "${filesystem}" cannot be made`)
  }
  const { controller, lun } = device
  const plain = `/dev/${device.name}${partition === 0 ? '' : partition}`
  kernel.mounts.set(target, {
    source: flagOf(settings, 'Encrypted')
      ? `/dev/mapper/dm-crypt-scsi-contr${controller}-lun${lun}-p${partition}`
      : plain,
    target,
    filesystem: isLink ? 'devtmpfs' : filesystem,
    readOnly,
    backing: { kind: 'disk', controller, lun, partition },
    ...(isLink ? { isLink } : {}),
  })
}

type Disk = NonNullable<ReturnType<GuestKernel['disk']>>

export const scsiDevice: ResourceBehaviour = {
  apply(kernel, _request, settings) {
    const { controller, lun } = addressOf(settings)
    // An absent device is as good as an unplugged one.
    kernel.unplug(controller, lun)
  },
}
