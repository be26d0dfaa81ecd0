// What Host.createVM takes from a create document: its text, the guest system, how to shut down, and what the guest will dial.

import { InvalidConfigError } from '../errors.js'
import type { UtilityVMBuilder } from '../builder/builder.js'
import { oneOf } from '../options/rows.js'
import { optionTable } from '../options/table.js'
import { guestOSOfDocument, type GuestOS } from '../protocol/guest-os.js'
import { isRecord, member } from '../protocol/json.js'
import type { ComputeSystem } from '../protocol/schema/index.js'
import { documentText, isWellFormed } from './arguments.js'
import { dialsOfExisting, guestDials, outlivesHost, type GuestDials } from '../protocol/guest-dials.js'
import { CALL_ROWS } from './mailbox/call-options.js'
import type { CallOptions } from './mailbox/contract.js'

export interface VmSetup {
  guestOS: GuestOS
  /** Neither the service nor the caller said which: `guestOS` is a guess that no guest is waited for on. */
  isGuessed?: true
  /** The create document, as text; '' for a VM that exists. */
  document: string
  /** ShutdownOptions, as text. */
  shutdownOptions: string
  dials: GuestDials
  /** False: the guest goes down with the program that holds its sockets. */
  outlivesHost: boolean
  /** Owner tag of the document, when it is known. */
  owner?: string
  /** It lives on without a handle; absent when nobody knows. */
  stays?: boolean
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

/** The setup of a VM that exists already: nobody knows its document. `reported` is the service's word for its guest system. */
export function existingVm(given: GuestOS | undefined, reported: string | undefined): VmSetup {
  const known = given ?? guestOSOfName(reported)
  const guestOS = known ?? 'windows'
  return {
    guestOS,
    ...(known === undefined ? { isGuessed: true as const } : {}),
    document: '',
    shutdownOptions: shutdownOptions('IntegrationService'),
    dials: dialsOfExisting(guestOS),
    outlivesHost: true,
  }
}

function guestOSOfName(name: string | undefined): GuestOS | undefined {
  const system = name?.toLowerCase()
  return system === 'linux' || system === 'windows' ? system : undefined
}

/** @throws {InvalidConfigError} no document, or one that cannot be serialised */
export function setUpVm(op: string, id: string, config: unknown, guestOS: GuestOS | undefined): VmSetup {
  const built = isBuilder(config) ? { document: config.toDocument(), guestOS: config.guestOS } : undefined
  const document = built?.document ?? (config as ComputeSystem)
  const text = documentText({ op, id }, 'ComputeSystem', document)
  const owner = member(document, 'Owner')
  const system = guestOS ?? built?.guestOS ?? guestOSOfDocument(document)
  return {
    guestOS: system,
    document: text,
    shutdownOptions: shutdownOptions(shutdownMechanism(document)),
    dials: guestDials(document, system),
    outlivesHost: outlivesHost(document, system),
    ...(typeof owner === 'string' ? { owner } : {}),
    stays: member(document, 'ShouldTerminateOnLastHandleClosed') !== true,
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
