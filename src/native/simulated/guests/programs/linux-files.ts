// The files of a Linux guest that programs can look at: a small tree, the kernel's own files, and what is mounted.

import type { GuestKernel } from '../kernel.js'

const MIB_IN_KB = 1024

const DIRECTORIES: ReadonlyMap<string, readonly string[]> = new Map([
  ['/', ['bin', 'dev', 'etc', 'proc', 'run', 'tmp']],
  ['/bin', ['sh']],
  ['/etc', ['hostname', 'os-release', 'resolv.conf']],
  ['/proc', ['cpuinfo', 'meminfo', 'mounts']],
  ['/run', []],
  ['/tmp', []],
])

/** Text of a file; undefined when there is none. */
export function readFile(kernel: GuestKernel, path: string): string | undefined {
  switch (path) {
    case '/proc/mounts':
      return mountLines(kernel)
        .map((mount) => `${mount.source} ${mount.target} ${mount.filesystem} ${mount.options} 0 0\n`)
        .join('')
    case '/proc/meminfo': {
      const total = kernel.machine.memoryMB() * MIB_IN_KB
      return `MemTotal: ${total} kB\nMemFree: ${Math.floor(total * 0.9)} kB\n`
    }
    case '/proc/cpuinfo':
      return Array.from({ length: kernel.machine.processors() }, (_, index) => `processor\t: ${index}\n`).join('')
    case '/etc/hostname':
      return `${hostname(kernel)}\n`
    case '/etc/os-release':
      return 'NAME="Linux UVM"\nID=uvm\n'
    case '/etc/resolv.conf':
      return [...kernel.interfaces.values()]
        .flatMap(({ dnsServers, dnsSearch }) => [
          ...(dnsSearch.length > 0 ? [`search ${dnsSearch.join(' ')}\n`] : []),
          ...dnsServers.map((server) => `nameserver ${server}\n`),
        ])
        .join('')
    default:
      return undefined
  }
}

/** Names in a directory; undefined when there is no such directory. */
export function listDirectory(kernel: GuestKernel, path: string): string[] | undefined {
  const names = new Set(DIRECTORIES.get(path) ?? [])
  let exists = DIRECTORIES.has(path) || path === '/dev'
  if (path === '/dev') {
    names.add('null')
    for (const disk of kernel.disks()) names.add(disk.name)
  }
  const prefix = path === '/' ? '/' : `${path}/`
  for (const target of kernel.mounts.keys()) {
    if (target === path) {
      exists = true
      names.add('lost+found')
    } else if (target.startsWith(prefix)) {
      exists = true
      names.add(target.slice(prefix.length).split('/')[0] ?? '')
    }
  }
  return exists ? [...names].sort() : undefined
}

/** What is mounted, the system's own first. */
export function mountLines(
  kernel: GuestKernel,
): { source: string; target: string; filesystem: string; options: string }[] {
  const own = [
    { source: 'rootfs', target: '/', filesystem: 'rootfs', options: 'rw' },
    { source: 'proc', target: '/proc', filesystem: 'proc', options: 'rw,relatime' },
    { source: 'devtmpfs', target: '/dev', filesystem: 'devtmpfs', options: 'rw,relatime' },
  ]
  const mounted = [...kernel.mounts.values()].map(({ source, target, filesystem, readOnly }) => ({
    source,
    target,
    filesystem,
    options: `${readOnly ? 'ro' : 'rw'},relatime`,
  }))
  return [...own, ...mounted]
}

export function hostname(kernel: GuestKernel): string {
  return kernel.machine.id.replace(/[^\w.-]/g, '-').slice(0, 63)
}

/** A path made absolute, without `.` and `..`. */
export function resolvePath(cwd: string, path: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}
