// The kernel command line of a Linux utility VM: arguments of the kernel, `--`, and what its init is to run: a tool that fetches entropy,
// then the guest agent behind a relay of its log.

import { LCOW_ENTROPY_PORT, LCOW_LOG_PORT } from '../protocol/hvsocket.js'

export interface LcowCommandLine {
  /** Where the root file system is: in the initial RAM disk, on SCSI disk 0:0, or on persistent memory device 0. */
  root: 'initrd' | 'scsi' | 'vpmem'
  /** The initial RAM disk as UEFI's loader names it; absent with a kernel direct boot, where the document names it. */
  uefiInitrd?: string | undefined
  processors: number
  /** A console on the first serial port, and a shell there. */
  hasSerialConsole?: boolean | undefined
  hasGraphicsConsole?: boolean | undefined
  /** PCI devices may be added. */
  hasPCI?: boolean | undefined
  /** More arguments of the kernel. */
  kernelArguments?: string | undefined
  /** The guest agent and its arguments. */
  agent?: string | undefined
  /**
   * The relay of its log dials again when the host's end goes (`vsockexec -r`, hcsshim 0.15 or later); default true. False for earlier images,
   * whose vsockexec does not know the option and would start no agent: theirs ends with its log, and the VM with it.
   */
  redialsLog?: boolean | undefined
}

const ROOT = {
  initrd: '',
  scsi: 'root=/dev/sda ro rootwait init=/init',
  vpmem: 'root=/dev/pmem0 ro rootwait init=/init',
} as const

/** As the reference starts it: JSON log lines, which is what arrives as LogRecord. */
const AGENT = '/bin/gcs -v4 -log-format json -loglevel info'

/** The kernel command line by which hcsshim's guest images boot. */
export function lcowCommandLine(options: LcowCommandLine): string {
  const {
    root,
    uefiInitrd,
    processors,
    hasSerialConsole,
    hasGraphicsConsole,
    hasPCI,
    kernelArguments,
    agent = AGENT,
    redialsLog = true,
  } = options
  const isDebugged = hasSerialConsole === true || hasGraphicsConsole === true
  const relay = redialsLog ? '/bin/vsockexec -r' : '/bin/vsockexec'
  const init = `-e ${LCOW_ENTROPY_PORT} ${relay} -e ${LCOW_LOG_PORT} ${agent}`
  const words = [
    uefiInitrd === undefined ? '' : `initrd=/${uefiInitrd}`,
    ROOT[root],
    // The guest is to use Hyper-V sockets, also with a kernel that has virtio's.
    'initcall_blacklist=virtio_vsock_init',
    hasSerialConsole === true
      ? '8250_core.nr_uarts=1 8250_core.skip_txen_test=1 console=ttyS0,115200'
      : '8250_core.nr_uarts=0',
    hasGraphicsConsole === true ? 'console=tty' : '',
    // A panic ends the VM, unless somebody is to read it.
    isDebugged ? '' : 'panic=-1 quiet',
    kernelArguments ?? '',
    hasPCI === true ? '' : 'pci=off',
    `nr_cpus=${processors}`,
    'brd.rd_nr=0 pmtmr=0',
    '--',
    isDebugged ? `sh -c "${init} & exec sh"` : init,
  ]
  return words.filter((word) => word !== '').join(' ')
}
