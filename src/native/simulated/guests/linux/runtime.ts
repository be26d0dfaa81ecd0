// What the agent and the container runtime of a Linux guest refuse when a container is created.

import { GUEST, GuestFault } from '../fault.js'
import type { GuestKernel } from '../kernel.js'
import { slot } from '../memory.js'
import type { LinuxContainer } from './container.js'
import { startProblem } from './executables.js'
import { isDirectory, readGuestFile } from './files.js'
import { makeDirectories } from './mounting.js'
import { isShared } from './pod-mounts.js'
import { isBind, LinuxView } from './view.js'

const HOSTNAME = /^[a-zA-Z0-9_\-.]{0,255}$/

/** Network name spaces that the guest has been told of, lower case. */
const NAMESPACES = slot('networkNamespaces', () => new Set<string>())

export function networkNamespaces(kernel: GuestKernel): Set<string> {
  return kernel.recall(NAMESPACES)
}

/** What the agent itself looks at. @throws {GuestFault} */
export function checkSpec(kernel: GuestKernel, { spec }: LinuxContainer): void {
  if (!HOSTNAME.test(spec.hostname)) {
    throw new GuestFault(
      GUEST.failed,
      `hostname ${JSON.stringify(spec.hostname)} invalid: must match ${HOSTNAME.source}`,
    )
  }
  if (spec.kind === 'sandbox' && !networkNamespaces(kernel).has(spec.networkNamespace)) {
    throw new GuestFault(GUEST.notFound, `namespace '${spec.networkNamespace}' not found`)
  }
}

/** What the runtime makes of it. @throws {GuestFault} */
export async function checkRuntime(kernel: GuestKernel, container: LinuxContainer): Promise<void> {
  const { id, spec } = container
  const refuse = (reason: string): never => {
    throw new GuestFault(
      GUEST.failed,
      `failed to create container: runc create/exec call for container ${id} failed: exit status 1: runc create failed: ${reason}`,
    )
  }
  if (id.includes('/')) {
    throw new GuestFault(GUEST.failed, `failed to create container: mkdirtemp ${id}: pattern contains path separator`)
  }
  if (spec.kind === 'container') {
    const shared = spec.mounts.filter(({ source }) => isShared(spec.sandboxId, source))
    for (const { source } of shared) await makeDirectories(kernel, source)
  }
  if (!(await isDirectory(kernel, spec.rootPath)))
    refuse(`invalid rootfs: stat ${spec.rootPath}: no such file or directory`)
  if (spec.hostname !== '' && !spec.namespaces.has('uts')) {
    refuse('unable to set hostname without a private UTS namespace')
  }
  for (const mount of spec.mounts) {
    if (isBind(mount) && !(await exists(kernel, mount.source))) {
      refuse(`mount ${mount.source}: no such file or directory`)
    }
  }
  if (!spec.mounts.some(({ destination }) => destination === '/proc')) {
    refuse('unable to start container process: error closing exec fds: open /proc/self/fd: no such file or directory')
  }
  // The working directory of the first process is made for it.
  const view = new LinuxView(kernel, container, () => [])
  const { args, env } = spec.process
  const problem = await startProblem({ view, cwd: '/', path: env.get('PATH') }, args)
  if (problem !== undefined) refuse(`unable to start container process: ${problem}`)
}

async function exists(kernel: GuestKernel, path: string): Promise<boolean> {
  if (await isDirectory(kernel, path)) return true
  return (await readGuestFile(kernel, path).catch(() => undefined)) !== undefined
}
