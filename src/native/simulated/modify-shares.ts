// VSMB shares (Windows guests) and Plan9 shares (Linux guests).

import { HRESULT } from '../../protocol/hresult.js'
import type { Plan9Share, VirtualSmbShare } from '../../protocol/schema/index.js'
import { refusal } from './failure.js'
import { fileProblem } from './host-files.js'
import { checkTarget, deviceClass, type Resource } from './change.js'

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

function checkFolder(path: string): void {
  const problem = fileProblem(path, true)
  if (problem !== undefined) throw refusal(problem, `${path} cannot be shared`)
}
