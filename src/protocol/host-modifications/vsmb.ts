// VSMB shares of host directories (Windows guests).

import type { CallOptions } from '../call-options.js'
import type { VirtualSmbShare } from '../schema/index.js'
import { ANY, DEVICES, hostModifications, resource } from './statement.js'

export interface VSMBManager {
  addVSMB(settings: VirtualSmbShare, options?: CallOptions): Promise<void>
  /** Only `Name` matters. A share that the guest maps directly cannot be removed reliably before the VM ends. */
  removeVSMB(settings: VirtualSmbShare, options?: CallOptions): Promise<void>
}

export const vsmb = hostModifications<VSMBManager>()({
  resources: {
    vsmbShare: resource<VirtualSmbShare>({
      path: `${DEVICES}/VirtualSmb/Shares`,
      allowed: ANY,
      evidence: 'D',
      needs: ANY,
      settings: 'VirtualSmbShare',
      required: { Add: ['Name', 'Path'], Remove: ['Name'], Update: ['Name'] },
    }),
  },
  methods: {
    addVSMB: { of: 'vsmbShare', verb: 'Add', takes: ['settings'] },
    removeVSMB: { of: 'vsmbShare', verb: 'Remove', takes: ['settings'] },
  },
})
