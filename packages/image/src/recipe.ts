// What a guest image is made of. Everything here goes into the image's key: a change makes another image.

/** The form of an image; counted up when the same parts are put together in another way. */
export const IMAGE_FORMAT = 1

/** The guest agent: a command of a Go module, in the version that guest/agent/go.mod names. */
export const AGENT = {
  module: 'github.com/Microsoft/hcsshim',
  command: 'github.com/Microsoft/hcsshim/cmd/gcs',
  path: '/bin/gcs',
} as const

/** Debian's package that always depends on the newest kernel. It is the generic one: the one for clouds has no 9p. */
export const KERNEL_PACKAGE = 'linux-image-amd64'

/** Other Debian packages of the image, and what is taken from each; the libraries that a program needs are taken as they are found. */
export const PACKAGES = [
  { name: 'busybox-static', files: { 'bin/busybox': '/bin/busybox' } },
  // What the agent starts containers with.
  { name: 'runc', files: { 'usr/sbin/runc': '/usr/bin/runc' } },
  // The agent calls mkfs.ext4 for a scratch disk that has no file system yet.
  { name: 'e2fsprogs', files: { 'sbin/mke2fs': '/sbin/mkfs.ext4', 'etc/mke2fs.conf': '/etc/mke2fs.conf' } },
] as const

/** Packages whose libraries those programs need. */
export const LIBRARY_PACKAGES = ['libc6', 'libseccomp2', 'libext2fs2', 'libcom-err2', 'libblkid1', 'libuuid1'] as const

/** Modules that init loads at every boot: those of the devices that every VM has, and of those that may be plugged at any time. */
export const BOOT_MODULES = [
  'virtio_pci',
  'vmw_vsock_virtio_transport',
  'virtio_scsi',
  'sd_mod',
  'virtio_net',
  'virtio_console',
  'virtio_balloon',
  'pvpanic_pci',
] as const

/** Modules that are loaded when something asks for them: a mount, a device, a device-mapper table. */
export const DEMAND_MODULES = [
  'virtio_mem',
  'ext4',
  'crc32c_generic',
  'overlay',
  '9p',
  '9pnet_fd',
  'nfit',
  'nd_pmem',
  'virtio_pmem',
  'dm_mod',
  'dm_verity',
] as const

/** Applets of busybox that are in /sbin: the kernel calls modprobe there. */
export const SBIN_APPLETS: readonly string[] = [
  'modprobe',
  'ip',
  'udhcpc',
  'mke2fs',
  'mkfs.ext2',
  'ifconfig',
  'route',
  'mdev',
  'reboot',
  'poweroff',
  'halt',
]

/** Applets of busybox that are no links in the image: init is ours, and the rest would hide a program of the agent. */
export const NO_APPLETS: readonly string[] = ['init', 'linuxrc', 'busybox', 'mkfs.ext4']

/** Small text files of the guest. */
export const TEXTS: Readonly<Record<string, string>> = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  '/etc/group': 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n',
  // The agent asks udhcpc for the address of an adapter without one; it calls this script with what it got.
  '/sbin/udhcpc_config.script':
    '#!/bin/sh\n' +
    'case "$1" in\n' +
    'deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;\n' +
    'bound | renew)\n' +
    '  ip addr add "$ip/${mask:-24}" dev "$interface"\n' +
    '  for gateway in $router; do ip route add default via "$gateway" dev "$interface"; break; done\n' +
    '  ;;\n' +
    'esac\n',
}

/** Directories of the guest that no file brings. */
export const DIRECTORIES = [
  '/dev',
  '/proc',
  '/sys',
  '/run',
  '/tmp',
  '/var',
  '/mnt',
  '/root',
  '/etc',
  '/bin',
  '/sbin',
] as const

/** How the agent is linked: static, without the names of this machine's directories. */
export const AGENT_BUILD = ['build', '-trimpath', '-ldflags=-s -w'] as const

/** How init is compiled. */
export const INIT_BUILD = ['-D_GNU_SOURCE', '-static', '-Os', '-s', '-Wall', '-Wno-format-truncation'] as const
