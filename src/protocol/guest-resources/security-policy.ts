// What a confidential guest may run.

import type { CallOptions } from '../call-options.js'
import type { GuestOS } from '../guest-os.js'
import type { ConfidentialOptions, SecurityPolicyFragment } from '../schema/index.js'
import type { GuestResource } from './resource.js'

export interface SecurityPolicyManager {
  /** Once in the life of a VM. */
  addSecurityPolicy(settings: ConfidentialOptions, options?: CallOptions): Promise<void>
  injectPolicyFragment(settings: SecurityPolicyFragment, options?: CallOptions): Promise<void>
}

export const securityPolicy: GuestResource<GuestOS, Pick<SecurityPolicyManager, 'addSecurityPolicy'>> = {
  guests: ['linux', 'windows'],
  type: 'SecurityPolicy',
  settings: 'ConfidentialOptions',
  methods: { addSecurityPolicy: 'Add' },
}

export const securityPolicyFragment: GuestResource<GuestOS, Pick<SecurityPolicyManager, 'injectPolicyFragment'>> = {
  guests: ['linux', 'windows'],
  type: 'SecurityPolicyFragment',
  settings: 'SecurityPolicyFragment',
  methods: { injectPolicyFragment: 'Add' },
}
