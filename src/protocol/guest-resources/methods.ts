// What follows from the statements: the methods of Guest that change a resource, by name, and what each of them sends.

import type { GuestOS } from '../guest-os.js'
import * as statements from './all.js'
import type { DocumentWriter, GuestResource, ResourceInput, ResourceRequest } from './resource.js'

type Statements = typeof statements
type MethodsOf<Statement> = Statement extends GuestResource<GuestOS, infer Methods> ? Methods : never
type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never

/** The manager interfaces of all resources together: what Guest implements. */
export type ResourceManagers = Intersection<MethodsOf<Statements[keyof Statements]>>
export type GuestMethodName = keyof ResourceManagers & string

/** Names of the statements whose resources such a guest knows. */
export type ResourcesOf<System extends GuestOS> = {
  [Name in keyof Statements]: Statements[Name] extends { readonly guests: readonly (infer Known)[] }
    ? System extends Known
      ? Name
      : never
    : never
}[keyof Statements]

/** By name of the statement. */
export const GUEST_RESOURCES: Readonly<Record<keyof Statements, GuestResource>> = statements

/** One method of Guest that changes a resource. */
export interface GuestMethod {
  /** Label of the operation. */
  readonly op: string
  readonly resource: GuestResource
  readonly request: ResourceRequest
  /** Arguments, the options aside. */
  readonly count: number
  /** Which argument is a document, and of which schema type. */
  readonly document: ResourceInput['document'] | undefined
}

const methods = new Map<string, GuestMethod>(
  Object.values(GUEST_RESOURCES).flatMap((resource) =>
    Object.entries(resource.methods as Record<string, ResourceRequest>).map(
      ([name, request]): [string, GuestMethod] => [
        name,
        { op: `guest.${name}`, resource, request, count: countOf(resource), document: documentOf(resource) },
      ],
    ),
  ),
)

export const GUEST_METHOD_NAMES = [...methods.keys()] as GuestMethodName[]

function countOf({ input, settings }: GuestResource): number {
  return input?.count ?? (settings === undefined ? 0 : 1)
}

function documentOf({ input, settings }: GuestResource): ResourceInput['document'] | undefined {
  return input?.document ?? (settings === undefined ? undefined : [0, settings])
}

export function guestMethod(name: GuestMethodName): GuestMethod {
  return methods.get(name)!
}

/**
 * The Request value of a ModifySettings message, as JSON text with its members in schema order.
 *
 * @throws {InvalidConfigError} arguments that cannot be used, or settings that cannot be serialised
 */
export function guestRequest(
  name: GuestMethodName,
  args: readonly unknown[],
  subject: { op: string; id?: string },
  text: DocumentWriter,
): string {
  const { resource, request } = guestMethod(name)
  const { input, settings, type } = resource
  const body = input?.write(args, subject, text) ?? (settings === undefined ? undefined : text(settings, args[0]))
  return `{"RequestType":"${request}","ResourceType":"${type}"${body === undefined ? '' : `,"Settings":${body}`}}`
}
