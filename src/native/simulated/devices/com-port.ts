// COM ports, by number.

import { HRESULT } from '../../../protocol/hresult.js'
import type { ComPort } from '../../../protocol/schema/index.js'
import { refusal } from '../failure.js'
import { byNumber, changed, device } from './device.js'

const MAX_PORT = 1
const RANGE = 'a COM port is 0 or 1'

export const comPorts = device<ReadonlyMap<number, ComPort>>()({
  fromDocument: ({ Devices: devices }) => byNumber(devices?.ComPorts),
  changes: {
    comPort: {
      judge: ({ segments: [port] }) => {
        if (Number(port) > MAX_PORT) throw refusal(HRESULT.E_INVALIDARG, RANGE)
      },
      apply: ({ segments: [port], type, settings }, present) =>
        changed(present, Number(port), type, settings, `COM port ${port}`),
    },
  },
  slotProblem: ({ Devices: devices }) => {
    const port = Object.keys(devices?.ComPorts ?? {}).find((key) => Number(key) > MAX_PORT)
    return port === undefined ? undefined : { path: `$.VirtualMachine.Devices.ComPorts.${port}`, problem: RANGE }
  },
})
