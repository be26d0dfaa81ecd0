// Plan9 shares (Linux guests).

import { HRESULT } from '../../../protocol/hresult.js'
import type { Plan9Share } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { checkTarget, deviceClass, device } from './device.js'
import { unreadable } from './host-files.js'
import { checkFolder } from './shared-folder.js'

export const plan9 = device<readonly Plan9Share[] | undefined>()({
  fromDocument: ({ Devices: devices }) => (devices?.Plan9 == null ? undefined : [...(devices.Plan9.Shares ?? [])]),
  changes: {
    plan9Share: {
      apply: ({ type, settings: share }, present) => {
        const shares = deviceClass(present, 'Plan9')
        const index = shares.findIndex((other) => keyOf(other) === keyOf(share))
        checkTarget(type, index !== -1, `share ${share.AccessName} on port ${share.Port ?? 0}`)
        if (type === 'Remove') return shares.filter((_, at) => at !== index)
        const next = { ...shares[index], ...share }
        checkFolder(next.Path ?? '')
        return type === 'Add' ? [...shares, share] : shares.with(index, next)
      },
    },
  },
  buildProblem: ({ Devices: devices }) => {
    const keys = (devices?.Plan9?.Shares ?? []).map(keyOf)
    return new Set(keys).size < keys.length
      ? refusal(HRESULT.E_INVALIDARG, 'Plan9 shares have distinct access names on each port')
      : undefined
  },
  fileProblem: (shares) => unreadable((shares ?? []).map(({ Path }) => Path)),
})

function keyOf({ AccessName: name, Port: port }: Plan9Share): string {
  return JSON.stringify([name, port ?? 0])
}
