// The root file system of a container: an overlay of layers, writable through a scratch directory.

import { objectsOf, textOf } from '../../decode.js'
import { GUEST, GuestFault } from '../../fault.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'
import { isDirectory } from '../files.js'

export const lcowCombinedLayers: ResourceBehaviour = {
  async apply(kernel, request, settings) {
    const target = textOf(settings, 'ContainerRootPath')
    if (request === 'Remove') {
      // A path that is missing is as good as removed.
      kernel.mounts.delete(target)
      return
    }
    const layers = objectsOf(settings, 'Layers').map((layer) => textOf(layer, 'Path'))
    const scratch = textOf(settings, 'ScratchPath')
    if (layers.length === 0) throw new GuestFault(GUEST.failed, 'an overlay needs at least one layer')
    for (const layer of layers) {
      if (!(await isDirectory(kernel, layer)))
        throw new GuestFault(GUEST.failed, `layer ${layer}: no such file or directory`)
    }
    if (target === '' || kernel.mounts.has(target))
      throw new GuestFault(GUEST.failed, `"${target}" cannot be mounted on`)
    kernel.mounts.set(target, {
      source: 'overlay',
      target,
      filesystem: 'overlay',
      readOnly: scratch === '',
      backing: { kind: 'overlay', layers, upper: scratch === '' ? undefined : `${scratch}/upper` },
    })
  },
}
