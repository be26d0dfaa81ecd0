// The kernel command line of an LCOW document, made fit for a machine of QEMU: what is true of Hyper-V only leaves, what hot plug and crash
// reports need comes in. Everything behind "--" is for the guest's init and stays.

import { SCSI_CONTROLLER_GUIDS } from '../../protocol/scsi.js'

/** On Hyper-V there is no PCI bus, and no virtio. */
const HYPERV_ONLY: readonly RegExp[] = [/^pci=off$/, /^initcall_blacklist=virtio_vsock_init$/]
/** A machine with COM ports needs the driver that the document may switch off for speed. */
const NO_SERIAL = /^8250_core\.nr_uarts=0$/

/**
 * memhp_default_state: memory that is added is used at once. swiotlb: room to grow beyond 4 GiB would otherwise cost 64 MiB of bounce
 * buffers, more than a small VM has. unknown_nmi_panic: how `vm.crash` reaches the guest.
 */
const ADDED: readonly string[] = ['memhp_default_state=online', 'swiotlb=noforce', 'unknown_nmi_panic']

export interface CommandLineFacts {
  readonly hasComPorts: boolean
  /** Numbers of the SCSI controllers, in the order of the bus. */
  readonly controllers: readonly number[]
  /** Of the supervisor's options. */
  readonly more: readonly string[]
}

export function machineCommandLine(line: string, { hasComPorts, controllers, more }: CommandLineFacts): string {
  const words = line.split(/[ \t]+/).filter((word) => word !== '')
  const split = words.indexOf('--')
  const kernel = split === -1 ? words : words.slice(0, split)
  const init = split === -1 ? [] : words.slice(split)
  const kept = kernel.filter(
    (word) => !HYPERV_ONLY.some((pattern) => pattern.test(word)) && !(hasComPorts && NO_SERIAL.test(word)),
  )
  const added = ADDED.filter((word) => !kept.some((one) => nameOf(one) === nameOf(word)))
  return [...kept, ...added, ...controllerWord(controllers), ...more, ...init].join(' ')
}

/** The guest's init takes the controllers for the fixed ones in their order; others it must be told. */
function controllerWord(controllers: readonly number[]): string[] {
  if (controllers.every((number, at) => number === at)) return []
  return [`uvm.scsi=${controllers.map((number) => SCSI_CONTROLLER_GUIDS[number]).join(',')}`]
}

function nameOf(word: string): string {
  return word.split('=', 1)[0] ?? word
}
