// Files that the kernel or the guest service writes for whoever looks: memory, processors, mounts, names, limits.

import type { GuestKernel, Interface } from '../kernel.js'
import { podMemoryBytes } from './resources/pod-memory.js'

const CGROUP = '/sys/fs/cgroup/memory'

export interface MountLine {
  readonly source: string
  readonly target: string
  readonly filesystem: string
  readonly options: string
}

/** The system that such files tell of. */
export interface SystemFacts {
  readonly kernel: GuestKernel
  /** Undefined in the utility VM itself. */
  readonly container: object | undefined
  hostname(): string
  memoryBytes(): number
  interfaces(): readonly Interface[]
  mounts(): readonly MountLine[]
}

/** Text of such a file; undefined when the path is none. */
export function kernelFile(view: SystemFacts, path: string): string | undefined {
  const { kernel, container } = view
  switch (path) {
    case '/proc/mounts':
      return view
        .mounts()
        .map(({ source, target, filesystem, options }) => `${source} ${target} ${filesystem} ${options} 0 0\n`)
        .join('')
    case '/proc/meminfo': {
      const total = kernel.machine.memoryMB() * 1024
      return `MemTotal: ${total} kB\nMemFree: ${Math.floor(total * 0.9)} kB\n`
    }
    case '/proc/cpuinfo':
      return Array.from({ length: kernel.machine.processors() }, (_, index) => `processor\t: ${index}\n`).join('')
    case '/etc/hostname':
      return `${view.hostname()}\n`
    case '/etc/os-release':
      return 'NAME="Linux UVM"\nID=uvm\n'
    case '/etc/resolv.conf':
      return view
        .interfaces()
        .flatMap(({ dnsServers, dnsSearch }) => [
          ...(dnsSearch.length > 0 ? [`search ${dnsSearch.join(' ')}\n`] : []),
          ...dnsServers.map((server) => `nameserver ${server}\n`),
        ])
        .join('')
    case `${CGROUP}/memory.limit_in_bytes`:
      return `${view.memoryBytes()}\n`
    case `${CGROUP}/pods/memory.limit_in_bytes`:
      return container === undefined ? `${podMemoryBytes(kernel)}\n` : undefined
    case '/dev/null':
      return ''
    default:
      return undefined
  }
}
