// Plan9 shares of host directories (Linux guests). The device must be in the create document; it makes the VM unfit for migration.

import type { CallOptions } from '../call-options.js'
import type { Plan9Share } from '../schema/index.js'
import { ANY, DEVICES, hostModifications, resource } from './statement.js'

export interface Plan9Manager {
  /** A share is known by its `AccessName` and `Port` together. */
  addPlan9(settings: Plan9Share, options?: CallOptions): Promise<void>
  removePlan9(settings: Plan9Share, options?: CallOptions): Promise<void>
}

export const plan9 = hostModifications<Plan9Manager>()({
  resources: {
    plan9Share: resource<Plan9Share>({
      path: `${DEVICES}/Plan9/Shares`,
      allowed: ANY,
      evidence: 'D',
      needs: ANY,
      settings: 'Plan9Share',
      required: { Add: ['AccessName', 'Path'], Remove: ['AccessName'], Update: ['AccessName'] },
    }),
  },
  methods: {
    addPlan9: { of: 'plan9Share', verb: 'Add', takes: ['settings'] },
    removePlan9: { of: 'plan9Share', verb: 'Remove', takes: ['settings'] },
  },
})
