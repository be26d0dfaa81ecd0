// The security policy of a confidential guest: installed once in the life of the machine, extended by fragments. The simulated guest checks
// the form of both and judges by neither.

import { textOf, type Document } from './decode.js'
import { GUEST, GuestFault } from './fault.js'
import type { GuestKernel } from './kernel.js'
import { slot } from './memory.js'
import type { ResourceBehaviour } from './resource-behaviour.js'

const FRAGMENT_MEDIA_TYPE = 'application/cose-x509+rego'
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** A Rego module begins with its package, after comments. */
const REGO_MODULE = /^(?:\s|#.*\n)*package\s+[A-Za-z_]/
const OPEN_DOOR = 'open_door'
const REGO = 'rego'
/** A COSE_Sign1 message: its tag, and an array of four. */
const COSE_SIGN1 = [0xd2, 0x84]

/** @throws {GuestFault} not base64 */
function fromBase64(settings: Document, name: string, what: string): Buffer {
  const text = textOf(settings, name)
  if (!BASE64.test(text)) throw new GuestFault(GUEST.failed, `failed to decode base64 ${what}: illegal base64 data`)
  return Buffer.from(text, 'base64')
}

const POLICY = slot<Document | undefined>('securityPolicy', () => undefined)
/** How many were loaded. */
const FRAGMENTS = slot('fragments', () => 0)

function enforcerOf(policy: Document): string {
  return textOf(policy, 'EnforcerType') || (textOf(policy, 'EncodedSecurityPolicy') === '' ? OPEN_DOOR : REGO)
}

/** A policy that judges is in force, which an open door does not. */
export function isPolicyEnforced(kernel: GuestKernel): boolean {
  const policy = kernel.recall(POLICY)
  return policy !== undefined && enforcerOf(policy) !== OPEN_DOOR
}

export const securityPolicy: ResourceBehaviour = {
  requests: 'any',
  apply(kernel, _request, settings) {
    if (kernel.recall(POLICY) !== undefined) {
      throw new GuestFault(GUEST.failed, 'security policy has already been set')
    }
    const source = fromBase64(settings, 'EncodedSecurityPolicy', 'security policy').toString()
    const enforcer = enforcerOf(settings)
    const refuse = (reason: string): never => {
      throw new GuestFault(GUEST.failed, `error creating security policy enforcer: ${reason}`)
    }
    if (enforcer !== OPEN_DOOR && enforcer !== REGO) refuse(`unknown enforcer: ${JSON.stringify(enforcer)}`)
    if (enforcer === REGO && !REGO_MODULE.test(source)) refuse('rego compilation failed: package expected')
    kernel.remember(POLICY, settings)
  },
}

export const securityPolicyFragment: ResourceBehaviour = {
  requests: 'any',
  apply(kernel, _request, settings) {
    const mediaType = textOf(settings, 'MediaType') || FRAGMENT_MEDIA_TYPE
    if (mediaType !== FRAGMENT_MEDIA_TYPE) throw new GuestFault(GUEST.failed, `unknown media type "${mediaType}"`)
    const fragment = fromBase64(settings, 'Fragment', 'fragment')
    if (COSE_SIGN1.some((byte, index) => fragment[index] !== byte)) {
      throw new GuestFault(
        GUEST.failed,
        'InjectFragment failed COSE validation: cbor: invalid COSE_Sign1_Tagged object',
      )
    }
    kernel.remember(FRAGMENTS, kernel.recall(FRAGMENTS) + 1)
  },
}
