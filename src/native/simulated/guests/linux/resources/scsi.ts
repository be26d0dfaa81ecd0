// SCSI disks: mounting one, and letting go of one before the host takes it away.

import { flagOf, integerOf, textOf, type Document } from '../../decode.js'
import { foldedMember as member } from '../../../../../protocol/bridge/folding.js'
import { AgentPanic, GUEST, GuestFault } from '../../fault.js'
import type { GuestKernel } from '../../kernel.js'
import { mountAt, unmountAt } from '../mounting.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

const MAX_CONTROLLER = 3
const DEFAULT_FILESYSTEM = 'ext4'
const FILESYSTEMS: ReadonlySet<string> = new Set(['ext4', 'xfs'])

/** Controller and LUN. @throws {AgentPanic} the guest has a table of four controllers */
function addressOf(settings: Document): { controller: number; lun: number } {
  const controller = integerOf(settings, 'Controller')
  if (controller > MAX_CONTROLLER) throw new AgentPanic(`index out of range [${controller}] with length 4`)
  return { controller, lun: integerOf(settings, 'Lun') }
}

export const lcowMappedVirtualDisk: ResourceBehaviour = {
  async apply(kernel, request, settings) {
    const { controller, lun } = addressOf(settings)
    const target = textOf(settings, 'MountPath')
    const partition = Number(member(settings, 'Partition') ?? 0)
    // Without a deadline, for Remove too: as the real guest does. The disks here have no partitions, so one is waited for in vain.
    const device = await kernel.waitForHardware(() => (partition === 0 ? kernel.disk(controller, lun) : undefined))
    if (device === undefined || target === '') return
    if (request === 'Add') mount(kernel, settings, target, device)
    else unmountAt(kernel, target)
  },
}

function mount(kernel: GuestKernel, settings: Document, target: string, device: Disk): void {
  const filesystem = textOf(settings, 'Filesystem') || DEFAULT_FILESYSTEM
  const readOnly = flagOf(settings, 'ReadOnly')
  const isLink = flagOf(settings, 'BlockDev')
  if (device.readOnly && !readOnly) throw new GuestFault(GUEST.failed, `/dev/${device.name} is read-only`)
  if (flagOf(settings, 'EnsureFilesystem') && !FILESYSTEMS.has(filesystem)) {
    throw new GuestFault(GUEST.failed, `the file system "${filesystem}" cannot be made`)
  }
  const { controller, lun } = device
  mountAt(kernel, {
    source: flagOf(settings, 'Encrypted')
      ? `/dev/mapper/dm-crypt-scsi-contr${controller}-lun${lun}-p0`
      : `/dev/${device.name}`,
    target,
    filesystem: isLink ? 'devtmpfs' : filesystem,
    readOnly,
    backing: { kind: 'disk', controller, lun, partition: 0 },
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
