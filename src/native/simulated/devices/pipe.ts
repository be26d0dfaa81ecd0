// Named pipes of the host.

import { HRESULT } from '../../../protocol/hresult.js'
import { refusal } from '../failure.js'
import { changed, device } from './device.js'

export const pipes = device<ReadonlyMap<string, true>>()({
  fromDocument: () => new Map(),
  changes: {
    mappedPipe: {
      judge: ({ segments: [path = ''] }) => {
        if (!/^\\\\\.\\pipe\\./i.test(path)) throw refusal(HRESULT.E_INVALIDARG, `${path} is no path of a pipe`)
      },
      apply: ({ segments: [path = ''], type }, present) => changed(present, path, type, true, `pipe ${path}`),
    },
  },
})
