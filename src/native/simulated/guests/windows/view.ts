// What a Windows process sees of the system it runs in: the utility VM itself, or one container with its own root, mapped directories,
// name, network and limits.

import type { GuestKernel, Interface } from '../kernel.js'
import type { SimulatedProcess } from '../process.js'
import { listWindows, readWindows, writeWindows } from './files.js'
import { windowsBelow, windowsPath } from './paths.js'

const SYSTEM_NAMES = ['Program Files', 'Users', 'Windows']

export interface MappedDirectory {
  readonly HostPath: string
  readonly ContainerPath: string
  readonly ReadOnly: boolean
}

/** The container that a view is of. */
export interface ViewedContainer {
  readonly id: string
  readonly hostname: string
  /** In the guest; '' when it has none. */
  readonly rootPath: string
  readonly networkNamespace: string
  readonly mappedDirectories: readonly MappedDirectory[]
  /** Undefined: that of the guest. */
  readonly memoryMB: number | undefined
  readonly processors: number | undefined
}

export class WindowsView {
  constructor(
    readonly kernel: GuestKernel,
    readonly container: ViewedContainer | undefined,
    /** Processes of the same system. */
    readonly processes: () => readonly SimulatedProcess[],
  ) {}

  hostname(): string {
    const name = this.container?.hostname || this.kernel.machine.id.replace(/[^\w-]/g, '-')
    return name.slice(0, 15).toUpperCase()
  }

  memoryMB(): number {
    return this.container?.memoryMB ?? this.kernel.machine.memoryMB()
  }

  processors(): number {
    return this.container?.processors ?? this.kernel.machine.processors()
  }

  interfaces(): Interface[] {
    const all = [...this.kernel.interfaces.values()]
    const own = this.container?.networkNamespace ?? ''
    return own === '' ? all : all.filter(({ namespace }) => namespace === own)
  }

  /** The path of the guest behind a path seen here. */
  #locate(path: string): { path: string; readOnly: boolean } {
    if (this.container === undefined) return { path, readOnly: false }
    for (const { ContainerPath, HostPath, ReadOnly } of this.container.mappedDirectories) {
      const rest = windowsBelow(windowsPath('c:', ContainerPath), path)
      if (rest === undefined) continue
      const source = windowsPath('c:', HostPath)
      return { path: rest === '' ? source : `${source}\\${rest}`, readOnly: ReadOnly }
    }
    const { rootPath } = this.container
    // Without a root of its own a container shows an empty one.
    const root = windowsPath('c:', rootPath === '' ? `c:\\containers\\${this.container.id}` : rootPath)
    return { path: path === 'c:' ? root : `${root}\\${path.slice(3)}`, readOnly: false }
  }

  /** Names in a directory, sorted; undefined when there is none. @throws {FileError} */
  async list(path: string): Promise<string[] | undefined> {
    const names = await listWindows(this.kernel, this.#locate(path).path)
    if (this.container === undefined) return names
    const mapped = this.container.mappedDirectories.flatMap(({ ContainerPath }) => {
      const rest = windowsBelow(path, windowsPath('c:', ContainerPath))
      return rest === undefined || rest === '' ? [] : [ContainerPath.slice(path.length + 1).split('\\')[0]!]
    })
    if (path === 'c:') return [...new Set([...SYSTEM_NAMES, ...(names ?? []), ...mapped])].sort()
    return names === undefined && mapped.length === 0 ? undefined : [...new Set([...(names ?? []), ...mapped])].sort()
  }

  /** @throws {FileError} */
  read(path: string): Promise<Uint8Array | undefined> {
    return readWindows(this.kernel, this.#locate(path).path)
  }

  /** Answers whether the path may be written. @throws {FileError} */
  async write(path: string, data: Uint8Array, append: boolean): Promise<boolean> {
    const { path: behind, readOnly } = this.#locate(path)
    if (readOnly) return false
    await writeWindows(this.kernel, behind, data, append)
    return true
  }
}
