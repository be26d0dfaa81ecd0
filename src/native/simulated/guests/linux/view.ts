// What a Linux process sees of the system it runs in: the utility VM itself, or one container with a root file system, mounts, a name, a
// network and limits of its own.

import type { Document } from '../decode.js'
import { FileError } from '../file-error.js'
import type { Interface, GuestKernel } from '../kernel.js'
import type { MachineAdapter } from '../machine.js'
import { adapterKey } from '../adapters.js'
import { memoryLimit } from './cgroup.js'
import type { ContainerMount, ContainerSpec } from './container-document.js'
import {
  listGuestDirectory,
  makeGuestDirectory,
  readGuestFile,
  removeGuestFile,
  standardNames,
  writeGuestFile,
} from './files.js'
import { longestAbove } from './paths.js'
import { kernelFile, type MountLine } from './kernel-files.js'
import type { SimulatedProcess } from '../process.js'

/** File systems of the kernel that hold no files of their own. */
const VIRTUAL: ReadonlySet<string> = new Set(['proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'devtmpfs', 'mqueue'])

/** The container that a view is of. */
export interface ViewedContainer {
  readonly id: string
  readonly spec: ContainerSpec
  readonly resources: Document
  readonly networkNamespace: string
}

export class LinuxView {
  constructor(
    readonly kernel: GuestKernel,
    readonly container: ViewedContainer | undefined,
    /** Processes of the same system. */
    readonly processes: () => readonly SimulatedProcess[],
  ) {}

  hostname(): string {
    return this.container?.spec.hostname || this.kernel.machine.id.replace(/[^\w.-]/g, '-').slice(0, 63)
  }

  memoryBytes(): number {
    return this.container === undefined
      ? this.kernel.machine.memoryMB() * 1024 * 1024
      : memoryLimit(this.kernel, this.container.resources)
  }

  /** Interfaces that are configured here. One whose namespace a container has is not in the utility VM's own. */
  interfaces(): Interface[] {
    const all = [...this.kernel.interfaces.values()]
    const own = this.container?.networkNamespace ?? ''
    if (own !== '') return all.filter(({ namespace }) => namespace === own)
    return all.filter(({ namespace }) => !this.kernel.assignedNamespaces.has(namespace))
  }

  /** Adapters that nobody has configured yet. */
  bareAdapters(): MachineAdapter[] {
    if (this.container !== undefined) return []
    const configured = new Set([...this.kernel.interfaces.values()].map(({ adapterId }) => adapterKey(adapterId)))
    return this.kernel.machine.adapters().filter(({ id }) => !configured.has(adapterKey(id)))
  }

  mounts(): MountLine[] {
    const { container, kernel } = this
    if (container !== undefined) {
      const root = kernel.mounts.get(container.spec.rootPath)
      return [
        {
          source: root?.source ?? 'rootfs',
          target: '/',
          filesystem: root?.filesystem ?? 'rootfs',
          options: `${this.#rootIsReadOnly() ? 'ro' : 'rw'},relatime`,
        },
        ...container.spec.mounts.map(({ source, destination, type, options }) => ({
          source: source || type || 'none',
          target: destination,
          filesystem: type === 'bind' || type === '' ? filesystemAt(kernel, source) : type,
          options: options.filter((option) => option !== 'bind' && option !== 'rbind').join(',') || 'rw',
        })),
      ]
    }
    return [
      { source: 'rootfs', target: '/', filesystem: 'rootfs', options: 'rw' },
      { source: 'proc', target: '/proc', filesystem: 'proc', options: 'rw,relatime' },
      { source: 'devtmpfs', target: '/dev', filesystem: 'devtmpfs', options: 'rw,relatime' },
      ...[...kernel.mounts.values()]
        .filter(({ isLink }) => isLink !== true)
        .map(({ source, target, filesystem, readOnly }) => ({
          source,
          target,
          filesystem,
          options: `${readOnly ? 'ro' : 'rw'},relatime`,
        })),
    ]
  }

  #rootIsReadOnly(): boolean {
    const { container, kernel } = this
    return container?.spec.isReadOnly === true || kernel.mounts.get(container?.spec.rootPath ?? '')?.readOnly === true
  }

  /** The path of the guest behind a path seen here, and whether it may be written. */
  #locate(path: string): { path: string; mount: ContainerMount | undefined } {
    const { container } = this
    if (container === undefined) return { path, mount: undefined }
    const { mounts, rootPath } = container.spec
    const found = longestAbove(
      mounts.map((mount) => [mount.destination, mount] as const),
      path,
    )
    if (found === undefined) return { path: `${rootPath}${path === '/' ? '' : path}`, mount: undefined }
    const { value: mount, rest } = found
    // A tmpfs is a place of the guest that nobody else looks at.
    const source = isBind(mount) ? mount.source : `/run/gcs/tmpfs/${container.id}${mount.destination}`
    return { path: rest === '' ? source : `${source}/${rest}`, mount }
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const own = kernelFile(this, path)
    if (own !== undefined) return Buffer.from(own)
    return readGuestFile(this.kernel, this.#locate(path).path)
  }

  /** Names in a directory, sorted; undefined when there is none. */
  async list(path: string): Promise<string[] | undefined> {
    const { path: behind, mount } = this.#locate(path)
    if (this.container === undefined) return listGuestDirectory(this.kernel, behind)
    const names = new Set((await listGuestDirectory(this.kernel, behind)) ?? [])
    const standard = standardNames(path)
    for (const name of standard ?? []) names.add(name)
    for (const { destination } of this.container.spec.mounts) {
      if (destination !== path && destination.startsWith(path === '/' ? '/' : `${path}/`)) {
        names.add(destination.slice(path === '/' ? 1 : path.length + 1).split('/')[0]!)
      }
    }
    const exists = names.size > 0 || standard !== undefined || mount?.destination === path
    if (exists) return [...names].sort()
    return listGuestDirectory(this.kernel, behind)
  }

  /** @throws {FileError} */
  async write(path: string, data: Uint8Array, append: boolean): Promise<void> {
    await this.#prepare(path)
    await writeGuestFile(this.kernel, this.#writable(path), data, append)
  }

  /** @throws {FileError} */
  async makeDirectory(path: string): Promise<void> {
    await this.#prepare(path)
    await makeGuestDirectory(this.kernel, this.#writable(path))
  }

  /** @throws {FileError} */
  remove(path: string): void {
    removeGuestFile(this.kernel, this.#writable(path))
  }

  #writable(path: string): string {
    if (kernelFile(this, path) !== undefined) throw new FileError('Permission denied')
    const { path: behind, mount } = this.#locate(path)
    if (mount !== undefined && (mount.options.includes('ro') || VIRTUAL.has(mount.type))) {
      throw new FileError('Read-only file system')
    }
    if (mount === undefined && this.#rootIsReadOnly()) throw new FileError('Read-only file system')
    return behind
  }

  /** Directories that a container sees as its own exist behind it once something is written there. */
  async #prepare(path: string): Promise<void> {
    if (this.container === undefined) return
    const parent = path.slice(0, path.lastIndexOf('/')) || '/'
    if ((await this.list(parent)) === undefined) throw new FileError('No such file or directory')
    const behind = this.#writable(parent === '/' ? '/.' : `${parent}/.`).replace(/\/\.$/, '')
    const parts = behind.split('/').slice(1)
    for (let count = 1; count <= parts.length; count++) {
      const directory = `/${parts.slice(0, count).join('/')}`
      if ((await listGuestDirectory(this.kernel, directory)) === undefined)
        await makeGuestDirectory(this.kernel, directory)
    }
  }
}

export function isBind({ type, options }: ContainerMount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind')
}

function filesystemAt(kernel: GuestKernel, path: string): string {
  return longestAbove(kernel.mounts, path)?.value.filesystem ?? 'rootfs'
}
