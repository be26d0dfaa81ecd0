// Named pipes of the host.

import { HRESULT } from '../../../protocol/hresult.js'
import { refusal } from '../failure.js'
import { checkTarget, type Resource } from './change.js'

export const MAPPED_PIPE: Resource<undefined> = {
  judge: ({ segments: [path = ''] }) => {
    if (!/^\\\\\.\\pipe\\./i.test(path)) throw refusal(HRESULT.E_INVALIDARG, `${path} is no path of a pipe`)
  },
  apply: ({ segments: [path = ''], type }, { live: { pipes } }) => {
    checkTarget(type, pipes.has(path), `pipe ${path}`)
    if (type === 'Add') pipes.add(path)
    else pipes.delete(path)
  },
}
