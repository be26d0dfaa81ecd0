// SCSI attachments.

import { HRESULT } from '../../../protocol/hresult.js'
import { findKey } from '../../../protocol/guid.js'
import type { Attachment } from '../../../protocol/schema/index.js'
import { MAX_LUN } from '../../../protocol/scsi.js'
import { refusal } from '../failure.js'
import { fileProblem } from './host-files.js'
import { checkTarget, deviceClass, type Resource } from './change.js'

export const SCSI_ATTACHMENT: Resource<Attachment> = {
  judge: ({ segments: [, lun] }) => {
    if (Number(lun) > MAX_LUN) throw refusal(HRESULT.E_INVALIDARG, `a LUN is at most ${MAX_LUN}`)
  },
  apply: ({ segments: [controller = '', number], type, settings: disk }, { live }) => {
    const key = findKey(live.scsi.keys(), controller)
    const disks = deviceClass(key === undefined ? undefined : live.scsi.get(key), `the SCSI controller ${controller}`)
    const lun = Number(number)
    checkTarget(type, disks.has(lun), `disk at LUN ${lun}`)
    if (type === 'Remove') {
      disks.delete(lun)
      return
    }
    const others = [...live.scsi.values()].flatMap((all) =>
      [...all].filter(([at]) => !(all === disks && at === lun)).map(([, other]) => other),
    )
    const problem = diskProblem(disk, others)
    if (problem !== undefined) throw refusal(problem, `${disk.Path} cannot be attached`)
    disks.set(lun, disk)
  },
}

/** Why a disk cannot be attached beside others; undefined when it can. One file is written through one attachment only. */
export function diskProblem(disk: Attachment, others: readonly Attachment[]): number | undefined {
  const path = disk.Path ?? ''
  const shared = others.find((other) => other.Path === path && path !== '')
  if (shared !== undefined && !(isReadOnly(disk) && isReadOnly(shared))) return HRESULT.ERROR_SHARING_VIOLATION
  return path === '' ? undefined : fileProblem(path, isReadOnly(disk))
}

function isReadOnly(disk: Attachment): boolean {
  return disk.ReadOnly === true || disk.Type === 'Iso'
}
