// Every modification there is, by method name of the UtilityVM: each makes one modify request of its arguments.

import type { Change, Subject } from './managers/change.js'
import { addNIC, removeNIC, updateNIC } from './managers/network.js'
import { addDevice, removeDevice } from './managers/pci.js'
import { addPipe, removePipe } from './managers/pipe.js'
import { addPlan9, removePlan9 } from './managers/plan9.js'
import { setCPUGroup, updateCPULimits, updateMemory } from './managers/resource.js'
import { addSCSIDisk, removeSCSIDisk } from './managers/scsi.js'
import { removeHvSocketService, updateHvSocketService } from './managers/vm-socket.js'
import { addVPMemDevice, removeVPMemDevice } from './managers/vpmem.js'
import { addVSMB, removeVSMB } from './managers/vsmb.js'

export const VM_CHANGES = {
  addNIC,
  removeNIC,
  updateNIC,
  addSCSIDisk,
  removeSCSIDisk,
  addDevice,
  removeDevice,
  addPipe,
  removePipe,
  addPlan9,
  removePlan9,
  updateHvSocketService,
  removeHvSocketService,
  addVPMemDevice,
  removeVPMemDevice,
  addVSMB,
  removeVSMB,
  setCPUGroup,
  updateCPULimits,
  updateMemory,
} as const satisfies Record<string, (subject: Subject, ...args: never[]) => Change>
