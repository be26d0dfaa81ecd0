// The host and guest calls of a fleet file, checked as the library would check them, so that a mistake is found before anything runs.

import {
  guestMethod,
  adapterRequest,
  guestRequest,
  GUEST_METHODS,
  type GuestMethodName,
} from '../actors/gcs/resource/requests.js'
import { VM_CHANGES } from '../actors/vm/changes.js'
import type { Change, Subject } from '../actors/vm/managers/change.js'
import { InvalidConfigError } from '../errors.js'
import { checkDocument } from '../protocol/document.js'
import type { GuestOS } from '../protocol/guest-os.js'

/** One method call: its name and arguments. */
export interface PlannedCall {
  method: string
  args: unknown[]
}

/** A mistake: where it is within the call, and what was expected. */
export interface CallProblem {
  path: string
  problem: string
}

type VmMethod = keyof typeof VM_CHANGES

export const VM_METHODS = Object.keys(VM_CHANGES) as VmMethod[]
export const GUEST_METHOD_NAMES = Object.keys(GUEST_METHODS) as GuestMethodName[]

/** Which argument is a document, and of which type. */
type Settings = readonly [index: number, type: string]

const VM_SETTINGS: Partial<Record<VmMethod, Settings>> = {
  addNIC: [1, 'NetworkAdapter'],
  removeNIC: [1, 'NetworkAdapter'],
  updateNIC: [1, 'NetworkAdapter'],
  addSCSIDisk: [0, 'Attachment'],
  addDevice: [1, 'VirtualPciDevice'],
  addPlan9: [0, 'Plan9Share'],
  removePlan9: [0, 'Plan9Share'],
  updateHvSocketService: [1, 'HvSocketServiceConfig'],
  addVPMemDevice: [1, 'VirtualPMemDevice'],
  addVSMB: [0, 'VirtualSmbShare'],
  removeVSMB: [0, 'VirtualSmbShare'],
  setCPUGroup: [0, 'CpuGroup'],
  updateCPULimits: [0, 'ProcessorLimits'],
}

/** Arguments a VM's method takes, its options aside. */
export function vmArity(method: string): number {
  return VM_CHANGES[method as VmMethod].length - 1
}

/** Arguments a guest's method takes, its options aside. */
export function guestArity(method: string): number {
  if (isAdapterMethod(method as GuestMethodName)) return 3
  return guestMethod(method as GuestMethodName).settings === undefined ? 0 : 1
}

/** A Windows adapter change takes its settings apart. */
function isAdapterMethod(method: GuestMethodName): boolean {
  return guestMethod(method).settings === 'NetworkModifyRequest'
}

export function vmCallProblem({ method, args }: PlannedCall): CallProblem | undefined {
  const name = method as VmMethod
  return (
    countProblem(args, vmArity(name)) ??
    refusal(() => (VM_CHANGES[name] as (subject: Subject, ...args: unknown[]) => Change)(NOBODY, ...args)) ??
    settingsProblem(args, VM_SETTINGS[name])
  )
}

export function guestCallProblem({ method, args }: PlannedCall, guestOS: GuestOS): CallProblem | undefined {
  const name = method as GuestMethodName
  const { os, settings } = guestMethod(name)
  if (os !== undefined && os !== guestOS) return { path: '', problem: `expected a method for a ${guestOS} guest` }
  const [first, second, third] = args
  return isAdapterMethod(name)
    ? (countProblem(args, 3) ??
        refusal(() => adapterRequest(name, '', first, second, third)) ??
        settingsProblem(args, [2, 'HostComputeEndpoint']))
    : (countProblem(args, guestArity(name)) ??
        refusal(() => guestRequest(name, '', first)) ??
        settingsProblem(args, settings === undefined ? undefined : [0, settings]))
}

/** The message of a refusal then has no head: the place in the file stands for it. */
const NOBODY = { op: '' } as Subject

function refusal(make: () => unknown): CallProblem | undefined {
  try {
    make()
    return undefined
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error
    return { path: '', problem: error.message.replace(/^guest\.\w+ "": /, '') }
  }
}

function countProblem(args: readonly unknown[], most: number): CallProblem | undefined {
  if (args.length <= most) return undefined
  return { path: `[${most}]`, problem: `expected at most ${most} argument${most === 1 ? '' : 's'}, got ${args.length}` }
}

function settingsProblem(args: readonly unknown[], settings: Settings | undefined): CallProblem | undefined {
  if (settings === undefined) return undefined
  const [index, type] = settings
  const [found] = checkDocument(type, args[index], { strict: false })
  return found === undefined ? undefined : { path: `[${index}]${found.path.slice(1)}`, problem: found.problem }
}
