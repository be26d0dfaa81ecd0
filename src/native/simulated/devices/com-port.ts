// COM ports.

import { HRESULT } from '../../../protocol/hresult.js'
import type { ComPort } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { changeEntry, type Resource } from './change.js'

export const MAX_COM_PORT = 1

export const COM_PORT: Resource<ComPort> = {
  judge: ({ segments: [port] }) => {
    if (Number(port) > MAX_COM_PORT) throw refusal(HRESULT.E_INVALIDARG, 'a COM port is 0 or 1')
  },
  apply: ({ segments: [port], type, settings }, { live }) =>
    changeEntry(live.comPorts, Number(port), type, settings, `COM port ${port}`),
}
