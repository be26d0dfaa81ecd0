// VSMB shares (Windows guests), by name.

import { HRESULT } from '../../../protocol/hresult.js'
import type { VirtualSmbShare } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { checkTarget, deviceClass, withEntry, without, device } from './device.js'
import { unreadable } from './host-files.js'
import { checkFolder } from './shared-folder.js'

export const vsmb = device<ReadonlyMap<string, VirtualSmbShare> | undefined>()({
  fromDocument: ({ Devices: devices }) =>
    devices?.VirtualSmb == null
      ? undefined
      : new Map((devices.VirtualSmb.Shares ?? []).map((share) => [share.Name ?? '', share])),
  changes: {
    vsmbShare: {
      apply: ({ type, settings: share }, present) => {
        const shares = deviceClass(present, 'VirtualSmb')
        const name = share.Name ?? ''
        const asIs = shares.get(name)
        checkTarget(type, asIs !== undefined, `share ${name}`)
        switch (type) {
          case 'Add':
            checkFolder(share.Path ?? '')
            return withEntry(shares, name, share)
          case 'Remove':
            return without(shares, name)
          case 'Update':
            return withEntry(shares, name, updatedShare(asIs ?? {}, share))
        }
      },
    },
  },
  buildProblem: ({ Devices: devices }) => {
    const names = (devices?.VirtualSmb?.Shares ?? []).map((share) => share.Name)
    return new Set(names).size < names.length
      ? refusal(HRESULT.E_INVALIDARG, 'VSMB shares have distinct names')
      : undefined
  },
  fileProblem: (shares) => unreadable([...(shares?.values() ?? [])].map(({ Path }) => Path)),
})

/** AllowedFiles only, and only where access is restricted to them. */
function updatedShare(present: VirtualSmbShare, asked: VirtualSmbShare): VirtualSmbShare {
  const { Path: path = present.Path, Options: options } = asked
  const same = path === present.Path && (options == null || sameOptions(options, present.Options ?? {}))
  if (present.Options?.RestrictFileAccess !== true || !same) {
    throw refusal(HRESULT.ERROR_NOT_SUPPORTED, 'only AllowedFiles of a share with RestrictFileAccess can change')
  }
  return { ...present, AllowedFiles: asked.AllowedFiles ?? [] }
}

/** Absent and false are the same. */
function sameOptions(
  left: NonNullable<VirtualSmbShare['Options']>,
  right: NonNullable<VirtualSmbShare['Options']>,
): boolean {
  const set = (options: object): string =>
    JSON.stringify(
      Object.entries(options)
        .flatMap(([name, value]) => (value === true ? [name] : []))
        .sort(),
    )
  return set(left) === set(right)
}
