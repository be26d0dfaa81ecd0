// What Host.createVM takes from a create document: its text, the guest system, how to shut down, and what the guest will dial.

import { InvalidConfigError } from '../errors.js'
import type { UtilityVMBuilder } from '../builder/builder.js'
import { oneOf } from '../options/rows.js'
import { optionTable } from '../options/table.js'
import { guestOSOfDocument, type GuestOS } from '../protocol/guest-os.js'
import { LCOW_LOG_PORT, vsockServiceId, WCOW_LOG_SERVICE } from '../protocol/hvsocket.js'
import { isRecord, member } from '../protocol/json.js'
import { findKey } from '../protocol/guid.js'
import type { ComputeSystem } from '../protocol/schema/index.js'
import { documentText, isWellFormed } from './arguments.js'
import { CALL_ROWS } from './mailbox/call-options.js'
import type { CallOptions } from './mailbox/contract.js'

/** Which side connections the guest makes, as far as the document tells. */
export interface GuestDials {
  entropy: boolean
  log: boolean
}

export interface VmSetup {
  guestOS: GuestOS
  /** The create document, as text; '' for a VM that exists. */
  document: string
  /** ShutdownOptions, as text. */
  shutdownOptions: string
  dials: GuestDials
}

/** @throws {InvalidConfigError} empty, or with NUL or unpaired surrogates */
export function checkVmId(op: string, id: unknown): asserts id is string {
  const refuse = (reason: string): never => {
    throw new InvalidConfigError({ op, path: 'id', value: id, reason })
  }
  if (typeof id !== 'string' || id === '') refuse('expected a non-empty string')
  else if (id.includes('\0') || !isWellFormed(id)) refuse('expected text without NUL and unpaired surrogates')
}

/** Host.createVM and Host.openVM. */
export const VM_OPTIONS = optionTable<{ guestOS?: GuestOS } & CallOptions>('options', {
  ...CALL_ROWS,
  guestOS: oneOf('linux', 'windows'),
})

/** The setup of a VM that exists already: nobody knows its document. */
export function existingVm(guestOS: GuestOS): VmSetup {
  return {
    guestOS,
    document: '',
    shutdownOptions: shutdownOptions('IntegrationService'),
    dials: { entropy: false, log: false },
  }
}

/** @throws {InvalidConfigError} no document, or one that cannot be serialised */
export function setUpVm(op: string, id: string, config: unknown, guestOS: GuestOS | undefined): VmSetup {
  const built = isBuilder(config) ? { document: config.toDocument(), guestOS: config.guestOS } : undefined
  const document = built?.document ?? (config as ComputeSystem)
  const text = documentText({ op, id }, 'ComputeSystem', document)
  return {
    guestOS: guestOS ?? built?.guestOS ?? guestOSOfDocument(document),
    document: text,
    shutdownOptions: shutdownOptions(shutdownMechanism(document)),
    dials: guestDials(document),
  }
}

function isBuilder(config: unknown): config is UtilityVMBuilder {
  return isRecord(config) && typeof config['toDocument'] === 'function'
}

function shutdownOptions(mechanism: string): string {
  return `{"Mechanism":"${mechanism}","Type":"Shutdown"}`
}

/** For VMs the options are required in practice; HCS refuses when the mechanism has no channel. */
function shutdownMechanism(document: unknown): string {
  const vm = member(document, 'VirtualMachine')
  const integration = member(member(vm, 'Services'), 'Shutdown') != null
  return !integration && member(vm, 'GuestConnection') != null ? 'GuestConnection' : 'IntegrationService'
}

function guestDials(document: unknown): GuestDials {
  const vm = member(document, 'VirtualMachine')
  const line = member(member(member(vm, 'Chipset'), 'LinuxKernelDirect'), 'KernelCmdLine')
  const words = typeof line === 'string' ? line.split(/\s+/) : []
  const after = (from: number, options: readonly string[], value: string): boolean =>
    from !== -1 && words.some((word, index) => index > from && options.includes(word) && words[index + 1] === value)
  // What follows "--" is for init (-e: entropy port), what follows vsockexec for the log wrapper (-e, -o: ports of the streams).
  const wrapper = words.findIndex((word) => word.endsWith('vsockexec'))
  const config = member(member(member(vm, 'Devices'), 'HvSocket'), 'HvSocketConfig')
  const table = member(config, 'ServiceTable')
  const services = isRecord(table) ? Object.keys(table) : []
  return {
    entropy: after(words.indexOf('--'), ['-e'], '1'),
    log:
      after(wrapper, ['-e', '-o'], String(LCOW_LOG_PORT)) ||
      findKey(services, WCOW_LOG_SERVICE) !== undefined ||
      findKey(services, vsockServiceId(LCOW_LOG_PORT)) !== undefined,
  }
}
