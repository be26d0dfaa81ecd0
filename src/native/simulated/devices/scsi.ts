// SCSI disks, by controller key and LUN.

import { findKey } from '../../../protocol/guid.js'
import { HRESULT } from '../../../protocol/hresult.js'
import type { Attachment } from '../../../protocol/schema/index.js'
import { MAX_LUN } from '../../../protocol/scsi.js'
import { refusal } from '../failure.js'
import { byNumber, checkTarget, deviceClass, entries, withEntry, without, device } from './device.js'
import { fileProblem } from './host-files.js'

type Controllers = ReadonlyMap<string, ReadonlyMap<number, Attachment>>

export const scsi = device<Controllers>()({
  fromDocument: ({ Devices: devices }) =>
    new Map(entries(devices?.Scsi).map(([key, controller]) => [key, byNumber(controller.Attachments)])),
  changes: {
    scsiAttachment: {
      judge: ({ segments: [, lun] }) => {
        if (Number(lun) > MAX_LUN) throw refusal(HRESULT.E_INVALIDARG, `a LUN is at most ${MAX_LUN}`)
      },
      apply: ({ segments: [controller = '', number], type, settings: disk }, controllers) => {
        const key = findKey(controllers.keys(), controller) ?? ''
        const disks = deviceClass(controllers.get(key), `the SCSI controller ${controller}`)
        const lun = Number(number)
        checkTarget(type, disks.has(lun), `disk at LUN ${lun}`)
        const others = withEntry(controllers, key, without(disks, lun))
        if (type === 'Remove') return others
        const problem = diskProblem(disk, allDisks(others))
        if (problem !== undefined) throw refusal(problem, `${disk.Path} cannot be attached`)
        return withEntry(controllers, key, withEntry(disks, lun, disk))
      },
    },
  },
  slotProblem: ({ Devices: devices }) => {
    for (const [name, controller] of entries(devices?.Scsi)) {
      const lun = Object.keys(controller.Attachments ?? {}).find((key) => Number(key) > MAX_LUN)
      if (lun === undefined) continue
      const path = `$.VirtualMachine.Devices.Scsi.${name}.Attachments.${lun}`
      return { path, problem: `a LUN is at most ${MAX_LUN}` }
    }
    return undefined
  },
  fileProblem: (controllers) => {
    const disks = allDisks(controllers)
    for (const [index, disk] of disks.entries()) {
      const problem = diskProblem(disk, disks.slice(0, index))
      if (problem !== undefined) return refusal(problem, `${disk.Path ?? ''} cannot be opened`)
    }
    return undefined
  },
})

function allDisks(controllers: Controllers): Attachment[] {
  return [...controllers.values()].flatMap((disks) => [...disks.values()])
}

/** Why a disk cannot be attached beside others; undefined when it can. One file is written through one attachment only. */
function diskProblem(disk: Attachment, others: readonly Attachment[]): number | undefined {
  const path = disk.Path ?? ''
  const shared = others.find((other) => other.Path === path && path !== '')
  if (shared !== undefined && !(isReadOnly(disk) && isReadOnly(shared))) return HRESULT.ERROR_SHARING_VIOLATION
  return path === '' ? undefined : fileProblem(path, isReadOnly(disk))
}

function isReadOnly(disk: Attachment): boolean {
  return disk.ReadOnly === true || disk.Type === 'Iso'
}
