// Mounting and unmounting as the Linux agent does: the mount point is made, a path can be mounted over, what is in use is busy, and what is
// not mounted is as good as unmounted.

import { FileError } from '../file-error.js'
import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import type { Mount } from '../mounts.js'
import { listGuestDirectory, makeGuestDirectory } from './files.js'
import { below, resolvePath } from './paths.js'

const BUSY = 'device or resource busy'
/** File systems of the kernel, in which nobody can make a directory. */
const UNWRITABLE = ['/proc', '/sys']

/** A path of a request as the agent, whose own directory is the root, takes it. */
export function guestPath(path: string): string {
  return resolvePath('/', path)
}

/** @throws {GuestFault} no mount point can be made there, or the source is in use there or elsewhere otherwise */
export function mountAt(kernel: GuestKernel, mount: Mount): void {
  if (mount.target === '') throw new GuestFault(GUEST.failed, 'mkdir : no such file or directory')
  const target = guestPath(mount.target)
  if (UNWRITABLE.some((path) => below(path, target) !== undefined)) {
    throw new GuestFault(GUEST.failed, `mkdir ${target}: no such file or directory`)
  }
  const under = kernel.mounts.get(target)
  // A device can be mounted again, but only as it is mounted already. An overlay is a new one each time.
  const isDevice = mount.source.startsWith('/dev/') && mount.isLink !== true
  if (isDevice && under?.source === mount.source) throw busy(target)
  const elsewhere = isDevice ? [...kernel.mounts.values()].filter(({ source }) => source === mount.source) : []
  if (elsewhere.some((one) => one.readOnly !== mount.readOnly || one.filesystem !== mount.filesystem))
    throw busy(target)
  kernel.mounts.set(target, { ...mount, target, ...(under === undefined ? {} : { under }) })
}

/** @throws {GuestFault} somebody works in it, or something is mounted below it */
export function unmountAt(kernel: GuestKernel, path: string): void {
  const target = guestPath(path)
  const mount = kernel.mounts.get(target)
  if (mount === undefined) {
    kernel.say('warning', 'nothing is mounted there', { target })
    return
  }
  const isInside = (other: string): boolean => below(target, other) !== undefined
  if ([...kernel.workplaces.values()].some(isInside)) throw busy(target)
  if ([...kernel.mounts.keys()].some((other) => other !== target && isInside(other))) throw busy(target)
  if (mount.under === undefined) kernel.mounts.delete(target)
  else kernel.mounts.set(target, mount.under)
}

function busy(target: string): GuestFault {
  return new GuestFault(GUEST.failed, `${target}: ${BUSY}`)
}

/** A directory and those above it, where they are missing. @throws {GuestFault} they cannot be made */
export async function makeDirectories(kernel: GuestKernel, path: string): Promise<void> {
  const parts = guestPath(path).split('/').slice(1)
  try {
    for (let count = 1; count <= parts.length; count++) {
      const directory = `/${parts.slice(0, count).join('/')}`
      if ((await listGuestDirectory(kernel, directory)) === undefined) await makeGuestDirectory(kernel, directory)
    }
  } catch (error) {
    if (error instanceof FileError) throw new GuestFault(GUEST.failed, `mkdir ${path}: ${error.message}`)
    throw error
  }
}
