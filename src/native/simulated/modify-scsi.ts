// SCSI attachments.

import { HRESULT } from '../../protocol/hresult.js'
import { findKey } from '../../protocol/resource-paths.js'
import type { Attachment } from '../../protocol/schema/index.js'
import { MAX_LUN } from '../../protocol/scsi.js'
import { HcsFailure } from './failure.js'
import { fileProblem } from './host-files.js'
import type { ModifyRequest, ModifySurroundings } from './modify.js'
import type { ComputeSystemModel } from './system.js'

export function modifyDisk(
  { path, type, settings }: ModifyRequest<'scsiAttachment'>,
  system: ComputeSystemModel,
  surroundings: ModifySurroundings,
): void {
  if (path.lun > MAX_LUN) throw new HcsFailure(HRESULT.E_INVALIDARG)
  surroundings.checkState()
  const key = findKey(system.live.scsi.keys(), path.controller)
  const disks = key === undefined ? undefined : system.live.scsi.get(key)
  if (disks === undefined) throw new HcsFailure(HRESULT.ERROR_NOT_FOUND)
  const taken = disks.has(path.lun)
  if (type === 'Add' ? taken : !taken) {
    throw new HcsFailure(type === 'Add' ? HRESULT.ERROR_ALREADY_EXISTS : HRESULT.ERROR_NOT_FOUND)
  }
  if (type === 'Remove') {
    disks.delete(path.lun)
    return
  }
  const disk = settings as Attachment
  const others = [...system.live.scsi.values()].flatMap((all) =>
    [...all].filter(([lun]) => !(all === disks && lun === path.lun)).map(([, other]) => other),
  )
  const problem = diskProblem(disk, others)
  if (problem !== undefined) throw new HcsFailure(problem)
  disks.set(path.lun, disk)
}

/** Why a disk cannot be attached beside others; undefined when it can. One file is written through one attachment only. */
export function diskProblem(disk: Attachment, others: readonly Attachment[]): number | undefined {
  const path = disk.Path ?? ''
  const readOnly = disk.ReadOnly === true || disk.Type === 'Iso'
  const shared = others.find((other) => other.Path === path && path !== '')
  if (shared !== undefined && !(readOnly && shared.ReadOnly === true)) return HRESULT.ERROR_SHARING_VIOLATION
  return path === '' ? undefined : fileProblem(path, readOnly)
}
