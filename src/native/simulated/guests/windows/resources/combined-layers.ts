// The layers of a container joined at the root of its scratch disk.

import { objectOf, objectsOf, textOf, type Document } from '../../decode.js'
import { GUEST, GuestFault } from '../../fault.js'
import type { GuestKernel } from '../../kernel.js'
import { slot } from '../../memory.js'
import type { ResourceBehaviour } from '../../resource-behaviour.js'
import { vsmbPath, volumeId, windowsPath } from '../paths.js'

const LAYERS = slot('layerFilters', () => new Map<string, readonly string[]>())

/** Layers that a filter joins at a path, topmost first. */
export function layerFilters(kernel: GuestKernel): Map<string, readonly string[]> {
  return kernel.recall(LAYERS)
}

function apply(kernel: GuestKernel, request: string, settings: Document): void {
  const root = textOf(settings, 'ContainerRootPath')
  const key = windowsPath('c:', root)
  if (request === 'Remove') {
    if (!layerFilters(kernel).delete(key)) throw new GuestFault(GUEST.notFound, `no layers are joined at ${root}`)
    return
  }
  const layers = objectsOf(settings, 'Layers').map((layer) => textOf(layer, 'Path'))
  if (root === '' || layers.length === 0)
    throw new GuestFault(GUEST.invalidArgument, 'a root path and a layer are needed')
  if (layerFilters(kernel).has(key)) throw new GuestFault(GUEST.failed, `layers are joined at ${root} already`)
  for (const layer of layers) checkLayer(kernel, layer)
  layerFilters(kernel).set(key, layers)
}

/** A layer on a share or a volume needs that to be there. */
function checkLayer(kernel: GuestKernel, layer: string): void {
  const shared = vsmbPath(layer)
  const volume = volumeId(layer)
  const isThere =
    shared !== undefined
      ? kernel.machine.vsmb().some(({ name }) => name.toLowerCase() === shared.share.toLowerCase())
      : volume === undefined || kernel.mounts.has(`\\\\?\\volume{${volume}}`)
  if (!isThere) throw new GuestFault(GUEST.notFound, `the layer ${layer} does not exist`)
}

export const wcowCombinedLayers: ResourceBehaviour = {
  apply,
}

/** As a confidential host wraps it. */
export const cwcowCombinedLayers: ResourceBehaviour = {
  apply(kernel, request, settings) {
    const inner = objectOf(settings, 'CombinedLayers')
    if (request === 'Add' && objectsOf(inner, 'Layers').length !== 1) {
      throw new GuestFault(GUEST.failed, 'exactly one layer is needed')
    }
    apply(kernel, request, inner)
  },
}
