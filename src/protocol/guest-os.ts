// Which guest system a VM runs: LCOW VMs 'linux', WCOW VMs 'windows'.

import { member } from './json.js'

export type GuestOS = 'linux' | 'windows'

/** What a create document says: a kernel direct boot or a Plan9 device makes it a Linux guest. */
export function guestOSOfDocument(document: unknown): GuestOS {
  const vm = member(document, 'VirtualMachine')
  const signs = [member(member(vm, 'Chipset'), 'LinuxKernelDirect'), member(member(vm, 'Devices'), 'Plan9')]
  return signs.some((sign) => sign != null) ? 'linux' : 'windows'
}
