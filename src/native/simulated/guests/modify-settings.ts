// ModifySettings of the UVM: one entry a resource type. Order of the checks: request, request type default, settings, target, handler.

import { objectOf, optionalObject, textOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'
import { LINUX_RESOURCES } from './linux-resources.js'
import { WINDOWS_RESOURCES } from './windows-resources.js'

export interface GuestResource {
  readonly requests: readonly string[]
  /** False: Settings are ignored. Default: they are needed. */
  readonly settings?: false
  apply(kernel: GuestKernel, request: string, settings: Document): Promise<void> | void
}

/** Applies a Request document to the UVM. @throws {GuestFault} */
export async function modifySettings(kernel: GuestKernel, message: Document): Promise<Document> {
  const request = objectOf(message, 'Request')
  const type = textOf(request, 'RequestType') || 'Add'
  const resourceType = textOf(request, 'ResourceType')
  const resource = resourceOf(kernel, resourceType)
  if (resource === undefined) throw new GuestFault(GUEST.failed, `the resource type ${resourceType} is not supported`)
  const settings =
    resource.settings === false ? (optionalObject(request, 'Settings') ?? {}) : objectOf(request, 'Settings')
  if (!resource.requests.includes(type)) {
    throw new GuestFault(GUEST.failed, `the request type ${type} is not supported for ${resourceType}`)
  }
  await resource.apply(kernel, type, settings)
  return {}
}

function resourceOf(kernel: GuestKernel, type: string): GuestResource | undefined {
  if (kernel.os === 'linux') return LINUX_RESOURCES.get(type)
  // Older hosts leave the type out when they remove an adapter.
  return WINDOWS_RESOURCES.get(type === '' ? 'Network' : type)
}
