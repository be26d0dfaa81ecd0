// One type of guest resource: how its settings are decoded, and what a request does.

import type { Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'

export interface GuestResource {
  /** Type of the schema that the settings have; undefined: settings are ignored. */
  readonly settings: string | undefined
  /** Request types it knows; 'any': it does not look. */
  readonly requests: readonly string[] | 'any'
  apply(kernel: GuestKernel, request: string, settings: Document): Promise<void> | void
}

/** @throws {GuestFault} the resource does not know this request */
export function checkRequest(resource: GuestResource, type: string, resourceType: string): void {
  if (resource.requests === 'any' || resource.requests.includes(type)) return
  throw new GuestFault(GUEST.failed, `the request type "${type}" is not supported for ${resourceType}`)
}
