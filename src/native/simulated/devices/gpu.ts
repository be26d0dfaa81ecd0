// Assignment of graphics processors.

import { HRESULT } from '../../../protocol/hresult.js'
import type { GpuConfiguration } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { device } from './device.js'

export const gpu = device<GpuConfiguration | undefined>()({
  fromDocument: () => undefined,
  changes: {
    gpu: {
      judge: ({ settings: { AssignmentMode: mode, AssignmentRequest: request } }) => {
        if (request != null && Object.keys(request).length > 0 && mode !== 'List') {
          throw refusal(HRESULT.E_INVALIDARG, 'only the assignment mode List names devices')
        }
      },
      apply: ({ settings }) => settings,
    },
  },
})
