// Calls that a file or a command line names, checked as the library would check them, so that a mistake is found before anything runs.

import { resourceRequest } from '../actors/gcs/resource/resource-proxy.js'
import { changeOf, type Subject } from '../actors/vm/changes.js'
import { InvalidConfigError } from '../errors.js'
import { checkDocument } from '../protocol/document.js'
import type { GuestOS } from '../protocol/guest-os.js'
import { GUEST_METHOD_NAMES, guestMethod, type GuestMethodName } from '../protocol/guest-resources/methods.js'
import { HOST_METHODS, HOST_RESOURCES, type HostMethod } from '../protocol/host-modifications/index.js'
import type { TypeName } from '../protocol/schema/field-table.js'

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

export const VM_METHODS = Object.keys(HOST_METHODS) as HostMethod[]
export { GUEST_METHOD_NAMES }

/** Which argument is a document, and of which type. */
type Settings = readonly [index: number, type: TypeName]

/** Arguments a VM's method takes, its options aside. */
export function vmArity(method: string): number {
  return HOST_METHODS[method as HostMethod].takes.length
}

/** Arguments a guest's method takes, its options aside. */
export function guestArity(method: string): number {
  return guestMethod(method as GuestMethodName).count
}

export function vmCallProblem({ method, args }: PlannedCall): CallProblem | undefined {
  const name = method as HostMethod
  return (
    countProblem(args, vmArity(name)) ??
    argumentProblem(() => changeOf(NOBODY, name, args)) ??
    settingsProblem(args, vmSettings(name))
  )
}

function vmSettings(method: HostMethod): Settings | undefined {
  const { of, takes } = HOST_METHODS[method]
  const { settings, number } = HOST_RESOURCES[of]
  const index = takes.findIndex((name) => name === 'settings' || name === 'settings?')
  // A number has been checked as an argument.
  return index === -1 || settings === undefined || number !== undefined ? undefined : [index, settings]
}

export function guestCallProblem({ method, args }: PlannedCall, guestOS: GuestOS): CallProblem | undefined {
  const name = method as GuestMethodName
  const { resource, count, document } = guestMethod(name)
  if (!resource.guests.includes(guestOS)) return { path: '', problem: `expected a method for a ${guestOS} guest` }
  return (
    countProblem(args, count) ??
    argumentProblem(() => resourceRequest(name, args, { op: `guest.${name}`, id: '' })) ??
    settingsProblem(args, document)
  )
}

/** The message of a refusal then has no head: the place in the file stands for it. */
const NOBODY = { op: '' } as Subject

function argumentProblem(make: () => unknown): CallProblem | undefined {
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
