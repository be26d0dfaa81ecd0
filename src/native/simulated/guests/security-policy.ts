// The security policy of a confidential guest: installed once in the life of the machine, extended by fragments. The simulated guest checks
// the form of both and judges by neither.

import { textOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'
import { slot } from './memory.js'
import type { ResourceBehaviour } from './resource-behaviour.js'

const FRAGMENT_MEDIA_TYPE = 'application/cose-x509+rego'
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** @throws {GuestFault} not base64 */
function checkBase64(settings: Document, name: string): void {
  if (!BASE64.test(textOf(settings, name))) throw new GuestFault(GUEST.failed, `${name} is not base64`)
}

const POLICY = slot<Document | undefined>('securityPolicy', () => undefined)
/** How many were loaded. */
const FRAGMENTS = slot('fragments', () => 0)

export function isPolicySet(kernel: GuestKernel): boolean {
  return kernel.recall(POLICY) !== undefined
}

export const securityPolicy: ResourceBehaviour = {
  requests: 'any',
  apply(kernel, _request, settings) {
    if (isPolicySet(kernel)) throw new GuestFault(GUEST.failed, 'the security policy is set already')
    checkBase64(settings, 'EncodedSecurityPolicy')
    kernel.remember(POLICY, settings)
  },
}

export const securityPolicyFragment: ResourceBehaviour = {
  requests: 'any',
  apply(kernel, _request, settings) {
    const mediaType = textOf(settings, 'MediaType') || FRAGMENT_MEDIA_TYPE
    if (mediaType !== FRAGMENT_MEDIA_TYPE) throw new GuestFault(GUEST.failed, `unknown media type "${mediaType}"`)
    if (textOf(settings, 'Fragment') === '') throw new GuestFault(GUEST.failed, 'the fragment is empty')
    checkBase64(settings, 'Fragment')
    kernel.remember(FRAGMENTS, kernel.recall(FRAGMENTS) + 1)
  },
}
