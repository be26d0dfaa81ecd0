// What a VM's guest will dial, as far as its create document tells: which side connections, and which service its bridge.

import { findKey } from './guid.js'
import type { GuestOS } from './guest-os.js'
import {
  LCOW_ENTROPY_PORT,
  LCOW_LOG_PORT,
  vsockServiceId,
  WCOW_BRIDGE_SERVICE,
  WCOW_LOG_SERVICE,
  WCOW_SIDECAR_SERVICE,
} from './hvsocket.js'
import { isRecord, member } from './json.js'

export interface GuestDials {
  /** The service of the bridge; absent: the usual one of its system. */
  service?: string
  entropy: boolean
  log: boolean
}

/** Isolation that leaves the guest's services as they are. */
const NOT_CONFIDENTIAL = ['Disabled', 'GuestStateOnly']

/** Of a VM that exists already nobody knows the document: a Linux guest may ask for entropy, and boots without it only later. */
export function dialsOfExisting(guestOS: GuestOS): GuestDials {
  return { entropy: guestOS === 'linux', log: false }
}

export function guestDials(document: unknown, guestOS: GuestOS): GuestDials {
  const vm = member(document, 'VirtualMachine')
  const line = kernelCommandLine(document)
  const words = line?.split(/\s+/) ?? []
  const after = (from: number, options: readonly string[], value: string): boolean =>
    from !== -1 && words.some((word, index) => index > from && options.includes(word) && words[index + 1] === value)
  // What follows "--" is for init (-e: entropy port), what follows vsockexec for the log wrapper (-e, -o: ports of the streams).
  const wrapper = words.findIndex((word) => word.endsWith('vsockexec'))
  const config = member(member(member(vm, 'Devices'), 'HvSocket'), 'HvSocketConfig')
  const table = member(config, 'ServiceTable')
  const services = isRecord(table) ? Object.keys(table) : []
  const names = (service: string): boolean => findKey(services, service) !== undefined
  const isSidecar =
    guestOS === 'windows' && (names(WCOW_SIDECAR_SERVICE) || (isIsolated(vm) && !names(WCOW_BRIDGE_SERVICE)))
  return {
    ...(isSidecar ? { service: WCOW_SIDECAR_SERVICE } : {}),
    entropy:
      after(words.indexOf('--'), ['-e'], String(LCOW_ENTROPY_PORT)) ||
      names(vsockServiceId(LCOW_ENTROPY_PORT)) ||
      // A Linux guest whose command line is not in the document may have been told in its image.
      (guestOS === 'linux' && line === undefined),
    log:
      after(wrapper, ['-e', '-o'], String(LCOW_LOG_PORT)) ||
      names(WCOW_LOG_SERVICE) ||
      names(vsockServiceId(LCOW_LOG_PORT)),
  }
}

/**
 * Whether the guest survives the loss of the program that holds its sockets, as far as its document tells. The agent of a Linux guest writes
 * its log to a socket that `vsockexec` has opened: without `-r` it dies with that, and the VM's init with it.
 */
export function outlivesHost(document: unknown, guestOS: GuestOS): boolean {
  const words = kernelCommandLine(document)?.split(/\s+/) ?? []
  const wrapper = words.findIndex((word) => word.endsWith('vsockexec'))
  if (guestOS !== 'linux' || wrapper === -1) return true
  const port = String(LCOW_LOG_PORT)
  const hasLog = words.some((word, at) => at > wrapper && ['-e', '-o'].includes(word) && words[at + 1] === port)
  // What follows the wrapper's own options is the agent's.
  const agent = words.findIndex((word, at) => at > wrapper && word.startsWith('/'))
  const own = words.slice(wrapper + 1, agent === -1 ? undefined : agent)
  return !hasLog || own.includes('-r')
}

/** Of a kernel that is booted directly, or by firmware, which hands it on. */
export function kernelCommandLine(document: unknown): string | undefined {
  const chipset = member(member(document, 'VirtualMachine'), 'Chipset')
  const direct = member(member(chipset, 'LinuxKernelDirect'), 'KernelCmdLine')
  const firmware = member(member(member(chipset, 'Uefi'), 'BootThis'), 'OptionalData')
  return [direct, firmware].find((line) => typeof line === 'string')
}

/** The guest's memory is kept from the host: its agent is behind a sidecar that speaks for it. */
function isIsolated(vm: unknown): boolean {
  const type = member(member(member(vm, 'SecuritySettings'), 'Isolation'), 'IsolationType')
  return typeof type === 'string' && type !== '' && !NOT_CONFIDENTIAL.includes(type)
}
