// The file tree of a Windows guest and of its containers: what is mounted or mapped where, looked up by path.

import { layerFilters } from './resources/combined-layers.js'
import { FileError } from '../file-error.js'
import { listHostFolder, readHostFile } from '../host-folder.js'
import type { GuestKernel } from '../kernel.js'
import type { Mount } from '../mounts.js'
import { vsmbPath, windowsBelow, windowsPath } from './paths.js'

const SYSTEM_VOLUME = 'c:'
const SYSTEM_NAMES = ['Program Files', 'Users', 'Windows']
const HOSTS_FILE = /\\drivers\\etc\\hosts$/i
/** Layers of layers: deeper than this is a loop. */
const MAX_DEPTH = 8

/** Where a path leads: into a folder of the host, or into a volume of the guest. */
type Place =
  | { readonly kind: 'host'; readonly folder: string; readonly path: string }
  | { readonly kind: 'volume'; readonly volume: string; readonly path: string; readonly readOnly: boolean }

function mountAbove(kernel: GuestKernel, path: string): { mount: Mount; rest: string } | undefined {
  let best: { mount: Mount; rest: string } | undefined
  for (const [target, mount] of kernel.mounts) {
    const rest = windowsBelow(target, path)
    if (rest !== undefined && (best === undefined || rest.length < best.rest.length)) best = { mount, rest }
  }
  return best
}

/** Places that show a path, topmost first. @throws {FileError} what is mounted there is gone */
function placesOf(kernel: GuestKernel, path: string, depth = 0): Place[] {
  if (depth > MAX_DEPTH) throw new FileError('The path cannot be traversed.')
  const shared = vsmbPath(path)
  if (shared !== undefined) return [hostPlace(kernel, shared.share, shared.rest)]
  // What is joined shows through beneath what is on the scratch disk itself.
  const below = layersBelow(kernel, path).flatMap((layer) => placesOf(kernel, layer, depth + 1))
  return [...ownPlaces(kernel, path, depth), ...below]
}

function layersBelow(kernel: GuestKernel, path: string): string[] {
  for (const [root, layers] of layerFilters(kernel)) {
    const rest = windowsBelow(root, path)
    if (rest !== undefined) return layers.map((layer) => windowsPath('c:', rest === '' ? layer : `${layer}\\${rest}`))
  }
  return []
}

function ownPlaces(kernel: GuestKernel, path: string, depth: number): Place[] {
  const found = mountAbove(kernel, path)
  if (found === undefined) return [{ kind: 'volume', volume: SYSTEM_VOLUME, path: path.slice(3), readOnly: false }]
  const { mount, rest } = found
  const { backing, readOnly } = mount
  switch (backing.kind) {
    case 'vsmb':
      return [hostPlace(kernel, backing.name, [backing.path, rest].filter(Boolean).join('\\'))]
    // A folder of the guest mapped to another path.
    case 'overlay':
      return backing.layers.flatMap((layer) =>
        placesOf(kernel, windowsPath('c:', rest === '' ? layer : `${layer}\\${rest}`), depth + 1),
      )
    case 'disk':
      if (kernel.disk(backing.controller, backing.lun) === undefined) throw new FileError('The device is not ready.')
      return [{ kind: 'volume', volume: `disk ${backing.lun}`, path: rest, readOnly }]
    default:
      return [{ kind: 'volume', volume: mount.source, path: rest, readOnly }]
  }
}

function hostPlace(kernel: GuestKernel, name: string, path: string): Place {
  const share = kernel.machine.vsmb().find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (share === undefined) throw new FileError('The network name cannot be found.')
  return { kind: 'host', folder: share.path, path: path.replaceAll('\\', '/') }
}

/** Names in a directory, sorted; undefined when there is none. @throws {FileError} */
export async function listWindows(kernel: GuestKernel, path: string): Promise<string[] | undefined> {
  const lists: (readonly string[])[] = []
  const add = (found: readonly string[] | undefined): void => {
    if (found !== undefined) lists.push(found)
  }
  if (path === SYSTEM_VOLUME) add(SYSTEM_NAMES)
  for (const place of placesOf(kernel, path)) {
    add(
      place.kind === 'host'
        ? await listHostFolder(place.folder, place.path)
        : kernel.volumes.list(place.volume, place.path.replaceAll('\\', '/')),
    )
  }
  for (const { target } of kernel.mounts.values()) {
    const rest = windowsBelow(path, target.toLowerCase())
    if (rest !== undefined && rest !== '') add([target.slice(path.length + 1).split('\\')[0]!])
  }
  if (lists.length === 0) return undefined
  const names = new Map<string, string>()
  for (const name of lists.flat()) if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name)
  return [...names.values()].sort()
}

/** @throws {FileError} */
export async function readWindows(kernel: GuestKernel, path: string): Promise<Uint8Array | undefined> {
  if (HOSTS_FILE.test(path)) return Buffer.from('127.0.0.1 localhost\r\n')
  for (const place of placesOf(kernel, path)) {
    const content =
      place.kind === 'host'
        ? await readHostFile(place.folder, place.path)
        : kernel.volumes.read(place.volume, place.path.replaceAll('\\', '/'))
    if (content !== undefined) return content
  }
  return undefined
}

/** @throws {FileError} */
export async function writeWindows(
  kernel: GuestKernel,
  path: string,
  data: Uint8Array,
  append: boolean,
): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf('\\'))
  if ((await listWindows(kernel, parent)) === undefined)
    throw new FileError('The system cannot find the path specified.')
  const [place] = placesOf(kernel, path)
  if (place?.kind !== 'volume' || place.readOnly) throw new FileError('Access is denied.')
  // What shows through from a layer is copied before more is written to it.
  const isHere = kernel.volumes.read(place.volume, place.path.replaceAll('\\', '/')) !== undefined
  const before = append && !isHere ? await readWindows(kernel, path) : undefined
  const content = before === undefined ? data : Buffer.concat([before, data])
  kernel.volumes.write(place.volume, place.path.replaceAll('\\', '/'), content, append && isHere)
}

export async function isWindowsDirectory(kernel: GuestKernel, path: string): Promise<boolean> {
  try {
    return (await listWindows(kernel, path)) !== undefined
  } catch {
    return false
  }
}
