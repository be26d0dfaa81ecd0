// Finding a network adapter of the machine by the id a request gives it.

import { parseGuid } from '../../../protocol/guid.js'
import type { GuestKernel } from './kernel.js'
import type { MachineAdapter } from './machine.js'

/** Under which an adapter is kept, whatever case and braces its id came in; an id need not be a GUID. */
export function adapterKey(id: string): string {
  return parseGuid(id) ?? id.toLowerCase()
}

/** The adapter, on the virtual switch or as an assigned PCI device; undefined while it is not there. */
export function findAdapter(kernel: GuestKernel, id: string, isPci = false): MachineAdapter | undefined {
  const wanted = adapterKey(id)
  if (isPci) return kernel.machine.pci().some((guid) => adapterKey(guid) === wanted) ? { id } : undefined
  return kernel.machine.adapters().find((adapter) => adapterKey(adapter.id) === wanted)
}
