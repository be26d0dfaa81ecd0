// The root file system of a container: an overlay of layers, writable through a scratch directory.

import { objectsOf, textOf } from '../../decode.js'
import { GUEST, GuestFault } from '../../fault.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'
import { isDirectory } from '../files.js'
import { makeDirectories, mountAt, unmountAt } from '../mounting.js'

export const lcowCombinedLayers: ResourceBehaviour = {
  async apply(kernel, request, settings) {
    const target = textOf(settings, 'ContainerRootPath')
    if (request === 'Remove') {
      unmountAt(kernel, target)
      return
    }
    const layers = objectsOf(settings, 'Layers').map((layer) => textOf(layer, 'Path'))
    const scratch = textOf(settings, 'ScratchPath')
    if (target === '') throw new GuestFault(GUEST.failed, 'cannot have empty target')
    // Without a writable part there must be something to lay over something else.
    if (layers.length < (scratch === '' ? 2 : 1)) {
      throw new GuestFault(GUEST.failed, `failed to mount overlayfs at ${target}: invalid argument`)
    }
    for (const layer of layers) {
      if (!(await isDirectory(kernel, layer)))
        throw new GuestFault(GUEST.failed, `layer ${layer}: no such file or directory`)
    }
    if (scratch !== '') {
      await makeDirectories(kernel, `${scratch}/upper`)
      await makeDirectories(kernel, `${scratch}/work`)
    }
    mountAt(kernel, {
      source: 'overlay',
      target,
      filesystem: 'overlay',
      readOnly: scratch === '',
      backing: { kind: 'overlay', layers, upper: scratch === '' ? undefined : `${scratch}/upper` },
    })
  },
}
