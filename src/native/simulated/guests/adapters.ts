// Finding a network adapter of the machine by the id a request gives it.

import type { GuestKernel } from './kernel.js'
import type { MachineAdapter } from './machine.js'

/** Lower case, no braces. */
export function bareGuid(id: string): string {
  return id.toLowerCase().replace(/[{}]/g, '')
}

/** The adapter, on the virtual switch or as an assigned PCI device; undefined while it is not there. */
export function findAdapter(kernel: GuestKernel, id: string, isPci = false): MachineAdapter | undefined {
  const wanted = bareGuid(id)
  if (isPci) return kernel.machine.pci().some((guid) => bareGuid(guid) === wanted) ? { id } : undefined
  return kernel.machine.adapters().find((adapter) => bareGuid(adapter.id) === wanted)
}
