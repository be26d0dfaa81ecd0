// Every statement there is. Container/… paths belong to host containers and are not here: they never apply to a VM.
// VirtualMachine/Devices/Licensing is unused.
//
// The table is the default export, so that `export type *` of this file passes on the interfaces alone.

import { memoryProcessor } from './memory-processor.js'
import { network } from './network.js'
import { others } from './others.js'
import { pci } from './pci.js'
import { pipe } from './pipe.js'
import { plan9 } from './plan9.js'
import { scsi } from './scsi.js'
import { vmSocket } from './vm-socket.js'
import { vpmem } from './vpmem.js'
import { vsmb } from './vsmb.js'

export type { ResourceManager } from './memory-processor.js'
export type { NetworkManager } from './network.js'
export type { PCIManager } from './pci.js'
export type { PipeManager } from './pipe.js'
export type { Plan9Manager } from './plan9.js'
export type { SCSIManager } from './scsi.js'
export type { VMSocketManager } from './vm-socket.js'
export type { VPMemManager } from './vpmem.js'
export type { VSMBManager } from './vsmb.js'

export default {
  network,
  scsi,
  pci,
  pipe,
  plan9,
  vmSocket,
  vpmem,
  vsmb,
  memoryProcessor,
  others,
}
