// Files that the kernel or the guest service writes for whoever looks: memory, processors, mounts, names, limits.

import { podMemoryBytes } from './resources/pod-memory.js'
import type { LinuxView } from './view.js'

const CGROUP = '/sys/fs/cgroup/memory'

/** Text of such a file; undefined when the path is none. */
export function kernelFile(view: LinuxView, path: string): string | undefined {
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
      return container === undefined ? `${kernel.podMemoryBytes ?? podMemoryBytes(kernel)}\n` : undefined
    case '/dev/null':
      return ''
    default:
      return undefined
  }
}
