// Plan9 shares (Linux guests).

import type { Plan9Share } from '../../../protocol/schema/index.js'
import { checkTarget, deviceClass, type Resource } from './change.js'
import { checkFolder } from './shared-folder.js'

export const PLAN9_SHARE: Resource<Plan9Share> = {
  apply: ({ type, settings: share }, { live }) => {
    const shares = deviceClass(live.plan9, 'Plan9')
    const index = shares.findIndex(
      (other) => other.AccessName === share.AccessName && (other.Port ?? 0) === (share.Port ?? 0),
    )
    checkTarget(type, index !== -1, `share ${share.AccessName} on port ${share.Port ?? 0}`)
    if (type === 'Remove') {
      shares.splice(index, 1)
      return
    }
    const changed = { ...shares[index], ...share }
    checkFolder(changed.Path ?? '')
    if (type === 'Add') shares.push(share)
    else shares[index] = changed
  },
}
