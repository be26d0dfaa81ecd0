// The fleet file: read, checked, and expanded into one plan per VM. Everything wrong with it is found before anything is started.

import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { GuestOS, schema } from 'uvm-actors'
import {
  checkDocument,
  GUEST_METHOD_NAMES,
  guestCallProblem,
  isRecord,
  parseJson,
  VM_METHODS,
  vmCallProblem,
  vmIdProblem,
  type CallProblem,
  type PlannedCall,
} from 'uvm-actors/tools'

export interface PlannedCommand {
  args?: string[]
  commandLine?: string
  stdin?: string
  /** Exit code that counts as success. */
  expectExit: number
}

/** Everything to be done with one VM. */
export interface VmPlan {
  id: string
  guestOS: GuestOS
  document: schema.ComputeSystem
  host: PlannedCall[]
  guest: PlannedCall[]
  run: PlannedCommand[]
  saveAndResume: boolean
}

/** A file that cannot be used: one line naming the file, the place in it, and what was expected. */
export class FleetFileError extends Error {
  override readonly name = 'FleetFileError'

  constructor(file: string, path: string, problem: string) {
    super(oneLine(path === '' ? `${file}: ${problem}` : `${file}: ${path}: ${problem}`))
  }
}

/** Names from a file may hold anything. */
function oneLine(message: string): string {
  return message.replace(/[\x00-\x1f\x7f\x85\u2028\u2029]+/g, ' ')
}

function calls(names: readonly string[]): z.ZodType<PlannedCall[]> {
  const entry = z
    .record(
      z.string(),
      z.array(z.unknown(), 'expected the array of its arguments'),
      'expected { "method": [ arguments ] }',
    )
    .superRefine((call, context) => {
      const [name, ...more] = Object.keys(call)
      if (name === undefined || more.length > 0) context.addIssue('expected one method')
      else if (!names.includes(name))
        context.addIssue(`there is no method ${JSON.stringify(name)}; expected one of ${names.join(', ')}`)
    })
    .transform((call): PlannedCall => {
      const [found] = Object.entries(call)
      return { method: found?.[0] ?? '', args: found?.[1] ?? [] }
    })
  return z.array(entry, 'expected an array of { "method": [ arguments ] }')
}

const text = z.string('expected a string')
const command = z
  .strictObject(
    {
      args: z.array(text, 'expected an array of strings').min(1, 'expected at least the program').optional(),
      commandLine: text.min(1, 'expected a command line').optional(),
      stdin: text.optional(),
      expectExit: z.int('expected an integer').default(0),
    },
    { error: describe('a command: { "args" or "commandLine", "stdin"?, "expectExit"? }') },
  )
  .refine(
    ({ args, commandLine }) => (args === undefined) !== (commandLine === undefined),
    'expected either "args" or "commandLine"',
  )

const vm = z.strictObject(
  {
    id: text.min(1, 'expected a non-empty string'),
    guestOS: z.enum(['linux', 'windows'], 'expected "linux" or "windows"'),
    copies: z
      .int('expected an integer')
      .min(1, 'expected 1 or more')
      .max(100_000, 'expected at most 100000')
      .default(1),
    document: z.custom<schema.ComputeSystem>(isRecord, 'expected a ComputeSystem document'),
    host: calls(VM_METHODS).default([]),
    guest: calls(GUEST_METHOD_NAMES).default([]),
    run: z.array(command, 'expected an array of commands').default([]),
    saveAndResume: z.boolean('expected true or false').default(false),
  },
  { error: describe('a VM: { "id", "guestOS", "document", … }') },
)

const fleet = z.strictObject(
  { vms: z.array(vm, 'expected an array of VMs').min(1, 'expected at least one VM') },
  { error: describe('a fleet: { "vms": [ … ] }') },
)

/** Says which members are too many, or what the whole should be. */
function describe(what: string): (issue: { code?: string | undefined; keys?: unknown }) => string {
  return (issue) =>
    issue.code === 'unrecognized_keys' && Array.isArray(issue.keys)
      ? `unknown member ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}; expected ${what}`
      : `expected ${what}`
}

/** Reads a fleet file. @throws {FleetFileError} */
export async function readFleetFile(file: string): Promise<VmPlan[]> {
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new FleetFileError(
      file,
      '',
      error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${error.message}`,
    )
  })
  let document: unknown
  try {
    document = parseJson(content.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new FleetFileError(file, '', (error as Error).message.replace(/\s+/g, ' '))
  }
  return planFleet(document, file)
}

/** The plans of a fleet document. `file` names it in errors. @throws {FleetFileError} */
export function planFleet(document: unknown, file: string): VmPlan[] {
  const parsed = fleet.safeParse(document)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new FleetFileError(file, pathText(issue?.path ?? []), issue?.message ?? 'not a fleet')
  }
  const plans: VmPlan[] = []
  const places = new Map<string, string>()
  parsed.data.vms.forEach((entry, index) => {
    const { copies, ...plan } = entry
    for (let copy = 0; copy < copies; copy++) {
      const expanded = numbered(plan, String(copy)) as VmPlan
      // Copies differ in the number alone: the first and the last have it at its shortest and longest.
      if (copy === 0 || copy === copies - 1) {
        const found = planProblem(expanded)
        if (found !== undefined) throw new FleetFileError(file, `vms[${index}].${found.path}`, found.problem)
      }
      const taken = places.get(expanded.id)
      if (taken !== undefined) {
        const reason = `expected an id of its own, ${JSON.stringify(expanded.id)} is that of ${taken} ({i} is the number of the copy)`
        throw new FleetFileError(file, `vms[${index}].id`, reason)
      }
      places.set(expanded.id, `vms[${index}]`)
      plans.push(expanded)
    }
  })
  return plans
}

/** What the schema of the file cannot say: ids, documents, and the arguments of calls. */
function planProblem(plan: VmPlan): CallProblem | undefined {
  const idProblem = vmIdProblem(plan.id)
  if (idProblem !== undefined) return { path: 'id', problem: idProblem }
  const [problem] = checkDocument('ComputeSystem', plan.document, { strict: false })
  if (problem !== undefined) return { path: `document${problem.path.slice(1)}`, problem: problem.problem }
  const sides = [
    ['host', plan.host, vmCallProblem],
    ['guest', plan.guest, (call: PlannedCall) => guestCallProblem(call, plan.guestOS)],
  ] as const
  for (const [side, calls, problemOf] of sides) {
    for (const [index, call] of calls.entries()) {
      const found = problemOf(call)
      if (found !== undefined) return { ...found, path: `${side}[${index}].${call.method}${found.path}` }
    }
  }
  return undefined
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('')
}

/** A copy in which {i} in every string, keys included, is the number. */
function numbered(value: unknown, number: string): unknown {
  if (typeof value === 'string') return value.replaceAll('{i}', number)
  if (Array.isArray(value)) return value.map((item) => numbered(item, number))
  if (!isRecord(value)) return value
  // Members are defined, not set: `__proto__` may be the name of one.
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name.replaceAll('{i}', number), numbered(item, number)]),
  )
}
