// The document under construction. Every section that the setters write is there from the start.

import { copyDocument } from '../protocol/document.js'
import type {
  Chipset,
  ComputeSystem,
  Devices,
  Topology,
  VirtualMachine,
  VirtualMachineMemory,
  VirtualMachineProcessor,
} from '../protocol/schema/index.js'
import type { GuestOS } from '../protocol/guest-os.js'

export interface Draft extends ComputeSystem {
  VirtualMachine: VirtualMachine & {
    Chipset: Chipset
    ComputeTopology: Topology & { Memory: VirtualMachineMemory; Processor: VirtualMachineProcessor }
    Devices: Devices
  }
}

/** SYSTEM and elevated administrators may listen for the guest's connections. */
const DEFAULT_BIND_DESCRIPTOR = 'D:P(A;;FA;;;SY)(A;;FA;;;BA)'

export function newDraft(owner: string, guestOS: GuestOS, plan9: boolean): Draft {
  const devices: Devices = {
    HvSocket: { HvSocketConfig: { DefaultBindSecurityDescriptor: DEFAULT_BIND_DESCRIPTOR, ServiceTable: {} } },
  }
  if (guestOS === 'windows') devices.VirtualSmb = {}
  else if (plan9) devices.Plan9 = {}
  return {
    Owner: owner,
    SchemaVersion: { Major: 2, Minor: 1 },
    ShouldTerminateOnLastHandleClosed: true,
    VirtualMachine: {
      StopOnReset: true,
      Chipset: {},
      ComputeTopology: { Memory: {}, Processor: {} },
      Devices: devices,
    },
  }
}

/** What a setter works on: it changes the draft it is given, or throws and leaves the builder with the one it had. */
export type Edit = (draft: Draft) => void

export function edited(draft: Draft, edit: Edit): Draft {
  const next = copyDocument(draft)
  edit(next)
  return next
}
