// Assignment of graphics processors.

import { HRESULT } from '../../../protocol/hresult.js'
import type { GpuConfiguration } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import type { Resource } from './change.js'

export const GPU: Resource<GpuConfiguration> = {
  judge: ({ settings: { AssignmentMode: mode, AssignmentRequest: request } }) => {
    if (request != null && Object.keys(request).length > 0 && mode !== 'List') {
      throw refusal(HRESULT.E_INVALIDARG, 'only the assignment mode List names devices')
    }
  },
  apply: ({ settings }, { live }) => {
    live.gpu = settings
  },
}
