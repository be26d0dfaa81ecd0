// VSMB shares (Windows guests).

import { HRESULT } from '../../../protocol/hresult.js'
import type { VirtualSmbShare } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { checkTarget, deviceClass, type Resource } from './change.js'
import { checkFolder } from './shared-folder.js'

export const VSMB_SHARE: Resource<VirtualSmbShare> = {
  apply: ({ type, settings: share }, { live }) => {
    const shares = deviceClass(live.vsmb, 'VirtualSmb')
    const name = share.Name ?? ''
    const present = shares.get(name)
    checkTarget(type, present !== undefined, `share ${name}`)
    switch (type) {
      case 'Add':
        checkFolder(share.Path ?? '')
        shares.set(name, share)
        return
      case 'Remove':
        shares.delete(name)
        return
      case 'Update':
        shares.set(name, updatedShare(present ?? {}, share))
    }
  },
}

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
