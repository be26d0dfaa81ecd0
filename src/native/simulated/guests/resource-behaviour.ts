// How a guest behaves when one of its resources is changed. What the resource is stands in its statement (protocol/guest-resources); the
// statements a guest system must know decide which behaviours there have to be.

import type { GuestOS } from '../../../protocol/guest-os.js'
import { GUEST_RESOURCES, type ResourcesOf } from '../../../protocol/guest-resources/methods.js'
import type { TypeName } from '../../../protocol/schema/field-table.js'
import type { Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'

export interface ResourceBehaviour {
  /** Request types the guest knows, where they are not those its host sends; 'any': it does not look. */
  readonly requests?: readonly string[] | 'any'
  /** The settings come from the host's network service as they are: members that the guest does not know pass. */
  readonly isLenient?: boolean
  apply(kernel: GuestKernel, request: string, settings: Document): Promise<void> | void
}

/** By name of the statement; undefined: such a guest does not know the resource and says so. */
export type Behaviours<System extends GuestOS> = Readonly<Record<ResourcesOf<System>, ResourceBehaviour | undefined>>

/** A resource as a guest looks it up. */
export interface KnownResource {
  readonly type: string
  /** Type of the schema that the settings have; undefined: settings are ignored. */
  readonly settings: TypeName | undefined
  readonly isLenient: boolean
  /** @throws {GuestFault} the resource does not know such a request */
  check(request: string): void
  apply: ResourceBehaviour['apply']
}

/** The resources that a guest knows, by type. */
export function knownResources(behaviours: Readonly<Record<string, unknown>>): ReadonlyMap<string, KnownResource> {
  const known = new Map<string, KnownResource>()
  for (const [name, { type, settings, methods }] of Object.entries(GUEST_RESOURCES)) {
    const behaviour = behaviours[name] as ResourceBehaviour | undefined
    if (behaviour === undefined) continue
    const { requests = Object.values(methods as Record<string, string>), isLenient = false } = behaviour
    const check = (request: string): void => {
      if (requests === 'any' || requests.includes(request)) return
      throw new GuestFault(GUEST.failed, `the request type "${request}" is not supported for ${type}`)
    }
    const apply: ResourceBehaviour['apply'] = (...args) => behaviour.apply(...args)
    known.set(type, { type, settings, isLenient, check, apply })
  }
  return known
}
