// The file tree of a Linux guest: what is mounted where, looked up by path. Overlays look through to the paths they are made of. Paths are
// absolute and resolved.

import { FileError } from '../file-error.js'
import { listHostFolder, readHostFile } from '../host-folder.js'
import type { GuestKernel } from '../kernel.js'
import type { Backing, Mount } from '../mounts.js'
import { below, longestAbove } from './paths.js'

/** The guest's own root file system. */
const ROOT_VOLUME = 'rootfs'
/** Overlays of overlays: deeper than this is a loop. */
const MAX_DEPTH = 8

/** Directories that are there from the beginning. */
const TREE: ReadonlyMap<string, readonly string[]> = new Map([
  ['/', ['bin', 'dev', 'etc', 'home', 'mnt', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'var']],
  ['/bin', ['sh']],
  ['/dev', ['null', 'zero']],
  ['/etc', ['hostname', 'os-release', 'resolv.conf']],
  ['/home', []],
  ['/mnt', []],
  ['/proc', ['cpuinfo', 'meminfo', 'mounts']],
  ['/root', []],
  ['/run', []],
  ['/sys', ['fs']],
  ['/tmp', []],
  ['/usr', []],
  ['/var', []],
])

/** Names of a directory that every system has; undefined when it is none of these. */
export function standardNames(path: string): readonly string[] | undefined {
  return TREE.get(path)
}

function mountAbove(kernel: GuestKernel, path: string): { value: Mount; rest: string } | undefined {
  return longestAbove(
    [...kernel.mounts].filter(([, mount]) => mount.isLink !== true),
    path,
  )
}

function volumeOf(kernel: GuestKernel, backing: Backing): string {
  switch (backing.kind) {
    case 'disk':
      if (kernel.disk(backing.controller, backing.lun) === undefined) throw new FileError('Input/output error')
      return `disk ${backing.controller}:${backing.lun}:${backing.partition}`
    case 'pmem':
      if (!kernel.machine.pmem().some(({ device }) => device === backing.device))
        throw new FileError('Input/output error')
      return `pmem ${backing.device}:${backing.offset}`
    default:
      return backing.kind
  }
}

function folderOf(kernel: GuestKernel, backing: Backing & { kind: 'plan9' }): string {
  const share = kernel.machine.plan9().find(({ port, name }) => port === backing.port && name === backing.name)
  if (share === undefined) throw new FileError('Transport endpoint is not connected')
  return share.path
}

/** Paths an overlay shows a path from, topmost first. */
function overlayPaths({ layers, upper }: Backing & { kind: 'overlay' }, rest: string): string[] {
  return [...(upper === undefined ? [] : [upper]), ...layers].map((layer) => (rest === '' ? layer : `${layer}/${rest}`))
}

/** The content of a file; undefined when there is none. @throws {FileError} */
export async function readGuestFile(kernel: GuestKernel, path: string, depth = 0): Promise<Uint8Array | undefined> {
  if (depth > MAX_DEPTH) throw new FileError('Too many levels of symbolic links')
  const found = mountAbove(kernel, path)
  if (found === undefined) return kernel.volumes.read(ROOT_VOLUME, path.slice(1))
  const { backing } = found.value
  if (backing.kind === 'plan9') return readHostFile(folderOf(kernel, backing), found.rest)
  if (backing.kind !== 'overlay') return kernel.volumes.read(volumeOf(kernel, backing), found.rest)
  for (const layer of overlayPaths(backing, found.rest)) {
    const content = await readGuestFile(kernel, layer, depth + 1)
    if (content !== undefined) return content
  }
  return undefined
}

/** Names in a directory; undefined when there is none. @throws {FileError} */
export async function listGuestDirectory(kernel: GuestKernel, path: string, depth = 0): Promise<string[] | undefined> {
  if (depth > MAX_DEPTH) throw new FileError('Too many levels of symbolic links')
  const names = new Set<string>()
  let exists = false
  const add = (found: readonly string[] | undefined): void => {
    if (found === undefined) return
    exists = true
    for (const name of found) names.add(name)
  }
  const found = mountAbove(kernel, path)
  if (found === undefined) {
    add(TREE.get(path))
    if (path === '/dev') add(kernel.disks().map(({ name }) => name))
    if (path === '/dev') add(kernel.machine.pmem().map(({ device }) => `pmem${device}`))
    add(path === '/' ? kernel.volumes.list(ROOT_VOLUME, '') : kernel.volumes.list(ROOT_VOLUME, path.slice(1)))
  } else {
    const { backing } = found.value
    if (backing.kind === 'plan9') add(await listHostFolder(folderOf(kernel, backing), found.rest))
    else if (backing.kind === 'overlay') {
      for (const layer of overlayPaths(backing, found.rest)) add(await listGuestDirectory(kernel, layer, depth + 1))
      if (found.rest === '') exists = true
    } else {
      add(kernel.volumes.list(volumeOf(kernel, backing), found.rest))
      if (backing.kind === 'disk' && found.rest === '') names.add('lost+found')
    }
  }
  // Mount points below it are seen too.
  for (const target of kernel.mounts.keys()) {
    const rest = below(path, target)
    if (rest !== undefined && rest !== '') add([rest.split('/')[0]!])
  }
  return exists ? [...names].sort() : undefined
}

export async function isDirectory(kernel: GuestKernel, path: string): Promise<boolean> {
  try {
    return path.startsWith('/') && (await listGuestDirectory(kernel, path)) !== undefined
  } catch {
    return false
  }
}

/** Where a path can be written. @throws {FileError} read-only */
function writablePlace(kernel: GuestKernel, path: string, depth = 0): { volume: string; path: string } {
  if (depth > MAX_DEPTH) throw new FileError('Too many levels of symbolic links')
  const found = mountAbove(kernel, path)
  if (found === undefined) return { volume: ROOT_VOLUME, path: path.slice(1) }
  const { value: mount, rest } = found
  if (mount.readOnly) throw new FileError('Read-only file system')
  if (mount.backing.kind === 'plan9') throw new FileError('Permission denied')
  if (mount.backing.kind !== 'overlay') return { volume: volumeOf(kernel, mount.backing), path: rest }
  return writablePlace(kernel, rest === '' ? mount.backing.upper! : `${mount.backing.upper!}/${rest}`, depth + 1)
}

/** @throws {FileError} */
export async function writeGuestFile(
  kernel: GuestKernel,
  path: string,
  data: Uint8Array,
  append: boolean,
): Promise<void> {
  const place = writablePlace(kernel, path)
  if ((await listGuestDirectory(kernel, path)) !== undefined) throw new FileError('Is a directory')
  if (!(await isDirectory(kernel, parentOf(path)))) throw new FileError('No such file or directory')
  // What an overlay shows from a layer is copied up before more is written to it.
  const isHere = kernel.volumes.read(place.volume, place.path) !== undefined
  const before = append && !isHere ? await readGuestFile(kernel, path) : undefined
  kernel.volumes.write(
    place.volume,
    place.path,
    before === undefined ? data : Buffer.concat([before, data]),
    append && isHere,
  )
}

/** @throws {FileError} */
export async function makeGuestDirectory(kernel: GuestKernel, path: string): Promise<void> {
  const place = writablePlace(kernel, path)
  if (!(await isDirectory(kernel, parentOf(path)))) throw new FileError('No such file or directory')
  kernel.volumes.makeDirectory(place.volume, place.path)
}

/** @throws {FileError} */
export function removeGuestFile(kernel: GuestKernel, path: string): void {
  const place = writablePlace(kernel, path)
  if (place.path === '' || !kernel.volumes.remove(place.volume, place.path))
    throw new FileError('No such file or directory')
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
