// A folder of the host, seen through a VSMB share and mapped to a path.

import { flagOf, textOf } from '../../decode.js'
import { GUEST, GuestFault } from '../../fault.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'
import { isWindowsDirectory } from '../files.js'
import { vsmbPath, windowsPath } from '../paths.js'

export const wcowMappedDirectory: ResourceBehaviour = {
  // No host sends a removal, but the guest knows it.
  requests: ['Add', 'Remove'],
  async apply(kernel, request, settings) {
    const target = textOf(settings, 'ContainerPath')
    const key = windowsPath('c:', target)
    if (request === 'Remove') {
      if (!kernel.mounts.delete(key)) throw new GuestFault(GUEST.notFound, `nothing is mapped to ${target}`)
      return
    }
    const hostPath = textOf(settings, 'HostPath')
    if (target === '' || kernel.mounts.has(key))
      throw new GuestFault(GUEST.failed, `nothing can be mapped to "${target}"`)
    const readOnly = flagOf(settings, 'ReadOnly')
    const shared =
      textOf(settings, 'HostPathType') === 'VirtualSmbShareName' ? { share: hostPath, rest: '' } : vsmbPath(hostPath)
    if (shared === undefined) {
      if (!(await isWindowsDirectory(kernel, windowsPath('c:', hostPath)))) {
        throw new GuestFault(GUEST.notFound, `${hostPath} does not exist`)
      }
      const backing = { kind: 'overlay', layers: [hostPath], upper: undefined } as const
      kernel.mounts.set(key, { source: hostPath, target, filesystem: 'NTFS', readOnly, backing })
      return
    }
    const share = kernel.machine.vsmb().find(({ name }) => name.toLowerCase() === shared.share.toLowerCase())
    if (share === undefined) throw new GuestFault(GUEST.notFound, `there is no share ${shared.share}`)
    kernel.mounts.set(key, {
      source: hostPath,
      target,
      filesystem: 'VSMB',
      readOnly: readOnly || share.readOnly,
      backing: { kind: 'vsmb', name: share.name, path: shared.rest },
    })
  },
}
