// Layers kept as images on disks: the merged image first, then those it is made of, mounted together as one volume.

import { isGuid } from '../../../../../protocol/guid.js'
import { invalidJson, objectsOf, textOf } from '../../decode.js'
import { GUEST, GuestFault } from '../../fault.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'

/** How long the guest waits for each disk, milliseconds. */
const DISK_WAIT_MS = 2_000

export const wcowBlockCims: ResourceBehaviour = {
  async apply(kernel, request, settings) {
    const volume = textOf(settings, 'VolumeGUID').toLowerCase()
    if (!isGuid(volume)) throw invalidJson('VolumeGUID is not a GUID')
    const key = `\\\\?\\volume{${volume}}`
    if (request === 'Remove') {
      if (!kernel.mounts.delete(key)) throw new GuestFault(GUEST.failed, `volume ${volume} is not mounted`)
      return
    }
    const cims = objectsOf(settings, 'BlockCIMs').map((cim) => ({
      name: textOf(cim, 'CimName'),
      lun: Number(cim['Lun'] ?? 0),
    }))
    if (cims.length === 0) throw new GuestFault(GUEST.failed, 'at least one image is needed')
    if (kernel.mounts.has(key)) throw new GuestFault(GUEST.failed, `volume ${volume} is mounted already`)
    for (const { name, lun } of cims) {
      const disk = await kernel.waitForHardware(() => kernel.disk(0, lun), DISK_WAIT_MS)
      if (disk === undefined) throw new GuestFault(GUEST.failed, `there is no disk at LUN ${lun} for ${name}`)
    }
    kernel.mounts.set(key, {
      source: cims[0]!.name,
      target: key,
      filesystem: 'CIMFS',
      readOnly: true,
      backing: { kind: 'cim', luns: cims.map(({ lun }) => lun), volume },
    })
  },
}
